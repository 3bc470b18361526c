#include "ingot/data/man_page.h"

#include <gtest/gtest.h>

#include "ingot/base/rng.h"

namespace ingot {

TEST(ManPage, ManMacros) {
  EXPECT_EQ(clean_man_page(
                R"man(.\" Copyright: a comment
'\" t
.TH OPEN 2 2022-10-30 "Linux man-pages 6.03"
.SH NAME
open, creat \- open and possibly create a file
.SH SYNOPSIS
.nf
.B #include <fcntl.h>
.PP
.BI "int open(const char *" pathname ", int " flags );
.fi
.SH DESCRIPTION
The
.BR open ()
system call
opens the file specified by
.IR pathname .
.PP
It\[aq]s \fBbold\fP, \fIitalic\fP and \(lqquoted\(rq; caf\['e].
.TP
.B O_APPEND
Append mode.
.TP
.BR O_ASYNC " (since 2.6)"
Signals.
.IP \[bu] 3
A bullet.
)man"),
            "OPEN(2)\n\n"
            "NAME\nopen, creat - open and possibly create a file\n\n"
            "SYNOPSIS\n#include <fcntl.h>\n\nint open(const char *pathname, int flags);\n\n"
            "DESCRIPTION\nThe open() system call opens the file specified by pathname.\n\n"
            "It's bold, italic and “quoted”; cafe\xCC\x81.\n\n"
            "O_APPEND\n    Append mode.\n\n"
            "O_ASYNC (since 2.6)\n    Signals.\n\n"
            "    • A bullet.\n");
}

TEST(ManPage, MdocMacros) {
  EXPECT_EQ(clean_man_page(R"man(.Dd May 19, 1994
.Dt CAT 1
.Os
.Sh NAME
.Nm cat
.Nd concatenate files
.Sh SYNOPSIS
.Nm
.Op Fl bu
.Op Ar
.Sh DESCRIPTION
The
.Nm
utility reads files, see
.Xr head 1 .
.Pp
Second.
)man"),
            "CAT(1)\n\nNAME\ncat - concatenate files\n\nSYNOPSIS\ncat [-bu] [file ...]\n\nDESCRIPTION\n"
            "The cat utility reads files, see head(1).\n\nSecond.\n");
}

TEST(ManPage, TablesConditionalsAndDefinitions) {
  EXPECT_EQ(clean_man_page(".TS\nallbox;\nlb lb\nl l.\nName\tValue\nT{\n.BR a ()\nT}\tb\\-c\n.TE\n"),
            "Name\tValue\na()\tb-c\n\n");
  EXPECT_EQ(clean_man_page(".ie n yes\n.el no\n.if t no\n.if !n \\{\\\nno\n.\\}\nend\n"), "yes end\n");
  EXPECT_EQ(clean_man_page(".de XX\nhidden\n..\n.ds Xy value\nA \\*(Xy.\n"), "A value.\n");
  EXPECT_EQ(clean_man_page(".so man2/open.2\n"), "");
  EXPECT_EQ(clean_man_page("a\\c\nb \\\nc\n.UR https://kernel.org\nlink\n.UE .\n"),
            "ab c link <https://kernel.org>.\n");
}

TEST(ManPage, AnyInputEnds) {
  Rng rng(4);
  const std::string_view alphabet = ".\\\"'()[]{}*fTSHPBRIE \n\tnwsc0ax";
  for (int i = 0; i < 2000; ++i) {
    std::string text(rng.below(120), ' ');
    for (char& c : text) c = alphabet[rng.below(alphabet.size())];
    EXPECT_LT(clean_man_page(text).size(), 1u << 20);
  }
}

}  // namespace ingot
