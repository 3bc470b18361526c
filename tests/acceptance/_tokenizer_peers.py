"""What the tokenizer bars share: the peers, the torture text, the program."""
import json
import os
import pathlib
import random
import shutil
import subprocess
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent


def fixtures():
    """The folder of published vocabularies, or None."""
    mirror = os.environ.get("INGOT_DATA")
    folder = pathlib.Path(mirror) / "fixture-tokenizers" if mirror else None
    return folder if folder and folder.is_dir() else None


def install_peers(build):
    """npm ci into the build folder; returns it, or raises RuntimeError that says why not."""
    folder = pathlib.Path(build) / "peers" / "tokenizer"
    lock = (HERE / "package-lock.json").read_text()
    done = folder / "installed.json"
    if done.exists() and done.read_text() == lock:
        return folder
    if not shutil.which("npm"):
        raise RuntimeError("npm is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    run = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode:
        raise RuntimeError("npm ci failed: " + run.stdout.strip().splitlines()[-1])
    done.write_text(lock)
    return folder


def run_peers(folder, jobs):
    (folder / "jobs.json").write_text(json.dumps(jobs))
    subprocess.run(["node", str(HERE / "tokenizer_peers.mjs"), "jobs.json"], cwd=folder, check=True)


def ingot(build, *arguments, stdin=None):
    run = subprocess.run([str(pathlib.Path(build) / "ingot"), "tokenizer", *map(str, arguments)], input=stdin,
                         stdout=subprocess.PIPE, check=True)
    return run.stdout


def encode(build, tokenizer, text, *flags):
    return json.loads(ingot(build, "encode", tokenizer, "--json", *flags, stdin=text))["ids"]


LINES = [
    "The quick brown fox doesn't jump; it'll've been THEY'RE 'S 'Re i'M we'd rock'n'roll o'clock.",
    "Iñtërnâtiônàlizætiøn, Ærøskøbing, Ångström, naïve façade, Đỗ Thị Hạnh, Çeşme, ŁÓDŹ, İSTANBUL ısparta",
    "Die Größe der Straße beträgt 3,5 km – «Zitat» „Gänsefüßchen“ ‚einfach‘ … ½ ¾ x² H₂O № ™ ® ∑∫√∞≠≤",
    "Съешь ещё этих мягких французских булок, да выпей чаю. Їжак ґанок Ђурђевак",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ ΣΟΦΟΣ, Σ ΣΑΣ.",
    "天地玄黃,宇宙洪荒。日月盈昃,辰宿列張。中文分词测试：我来到北京清华大学！１２３４５ ＡＢＣ",
    "いろはにほへと ちりぬるを わかよたれそ つねならむ カタカナ ﾊﾝｶｸ が が 「引用」・々〆",
    "다람쥐 헌 쳇바퀴에 타고파. 키스의 고유조건은 입술끼리 만나야 하고",
    "نص حكيم له سر قاطع وذو شأن عظيم مكتوب على ثوب أخضر ومغلف بجلد أزرق ١٢٣٤٥ ۱۲۳ ـــ لَا إِلٰهَ",
    "דג סקרן שט בים מאוכזב ולפתע מצא חברה שָׁלוֹם 100₪",
    "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण का सर्वनाश १२३ क्षत्रिय",
    "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์เดรัจฉาน ๑๒๓",
    "🤗 😀😃 👨‍👩‍👧‍👦 👩🏽‍💻 🏳️‍🌈 🇩🇪🇨🇳 ❤️‍🔥 1️⃣ ☃ ♻︎ ♻️ 𝓗𝓮𝓵𝓵𝓸 𝟙𝟚𝟛 𐍈𐌰 🀄",
    "Z̷̛͓a̸l̵g̶o̷ ḣ̸e̴ ć̸o̵m̶e̷s̸ é́́ à̀",
    "def f(x: int) -> str:\n\treturn {'a': [1, 2.5e-3, 0xFF], \"b\": x**2 // 3 != 4}  # comment\n\n\n",
    "for (int i=0;i<n;++i){a[i]&=~(1u<<31);}/* c */ #include <vector>\r\n\r\n  std::cout << \"x\\n\";\r",
    "https://example.org/a_b-c?d=e&f=%20g#h user.name+tag@mail.example.co.uk 192.168.0.1 +49 (0)30 1234-5678",
    "SELECT * FROM t WHERE a>=1.0E+10 AND b LIKE '%x_'; -- 1,234,567.89 12345678901234567890",
    "<|endoftext|> <|fim_prefix|> [CLS] [MASK] [SEP] [UNK] [PAD] <s></s> <unk> ##ing ## [unused1]",
    "        indented\n\t\ttabs\t \t mixed   \n \n  \n\n   end  ",
    "____----====....!!!!????~~~~ ´`^¨ ()[]{}<> $€£¥₿ @#%&*+=/\\|",
]
# Characters on which a peer differs from the tokenizer it copies, see docs/tokenizers.md.
JAVASCRIPT_SPACES = "\u0085\uFEFF"  # \s of JavaScript is not White_Space


def torture_text(size=1_000_000, without="", astral_cjk=True, seed=2024):
    """Deterministic UTF-8 text of about `size` bytes. Random characters are those of Unicode 3.2, which no version of
    Python, Node or Rust in use classifies in another way."""
    rng = random.Random(seed)
    old = unicodedata.ucd_3_2_0
    known = [chr(c) for c in range(0x11000)
             if old.category(chr(c)) not in ("Cn", "Cs") and old.category(chr(c)) == unicodedata.category(chr(c))]
    corners = list(" \n\t\r\v\f\u00A0\u0085\u180E\u1680\u2003\u2028\u2029\u3000\uFEFF\u200B\u200D\u0300\u0001\u001F\u007F\u0000''\u017F")
    parts, count = [], 0
    while count < size:
        kind = rng.randrange(12)
        if kind < 6:
            part = rng.choice(LINES) + rng.choice(["", " ", "\n", "\n\n", "  ", "\r\n"])
        elif kind == 6:
            words = rng.choice(LINES).split(" ")
            rng.shuffle(words)
            part = rng.choice(["", " ", "'", "\u00A0"]).join(words)
        elif kind == 7:
            part = "".join(rng.choice(known) for _ in range(rng.randrange(1, 40)))
        elif kind == 8:
            part = "".join(rng.choice(corners) for _ in range(rng.randrange(1, 12)))
        elif kind == 9:
            part = "".join(rng.choice(corners + list("aZé中9.'-")) for _ in range(rng.randrange(1, 60)))
        elif kind == 10:
            part = rng.choice(list("a =-.\n\t0é中") + ["ab", "\r\n", " \n", "😀"]) * rng.randrange(1, 300)
        else:
            part = rng.choice(LINES).swapcase()
        if astral_cjk and rng.randrange(20) == 0:
            part += "𠀀𪚥𠮷"
        part = "".join(c for c in part if c not in without)
        parts.append(part)
        count += len(part.encode())
    return "".join(parts)
