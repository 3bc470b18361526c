#!/usr/bin/python3
"""Writes tests/golden/gan.safetensors: a conditional R3GAN (from the paper's figures and its PyTorch code) and a DCGAN,
written here independent of Ingot, with weights and images of seed_formula.py: generated images, logits, and the losses of
both players over ten steps of Adam, R1 and R2 included. Needs Debian's python3-torch.

  tools/golden/gan.py         # about 5 s
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from seed_formula import by_formula, fill_by_formula, write_safetensors

WIDTHS, LATENT, SIDE, CLASSES, B = (16, 8), 6, 8, 3, 4


class Block(nn.Module):
    def __init__(self, width, expansion=2, group_width=8):
        super().__init__()
        inner = width * expansion
        self.conv1 = nn.Conv2d(width, inner, 1, bias=False)
        self.bias1 = nn.Parameter(torch.zeros(inner))
        self.conv2 = nn.Conv2d(inner, inner, 3, padding=1, groups=inner // group_width, bias=False)
        self.bias2 = nn.Parameter(torch.zeros(inner))
        self.conv3 = nn.Conv2d(inner, width, 1, bias=False)

    def forward(self, x):
        y = F.leaky_relu(self.conv1(x) + self.bias1[None, :, None, None], 0.2)
        y = F.leaky_relu(self.conv2(y) + self.bias2[None, :, None, None], 0.2)
        return x + self.conv3(y)


class R3Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.basis = nn.Parameter(torch.zeros(WIDTHS[0], SIDE // 2, SIDE // 2))
        self.mix = nn.Parameter(torch.zeros(WIDTHS[0], LATENT + CLASSES))
        self.block0_0, self.block1_0 = Block(WIDTHS[0]), Block(WIDTHS[1])
        self.grow1 = nn.Conv2d(WIDTHS[0], WIDTHS[1], 1, bias=False)
        self.to_image = nn.Conv2d(WIDTHS[1], 1, 1, bias=False)

    def forward(self, z, labels):
        weights = torch.cat([z, F.one_hot(labels, CLASSES).float()], 1) @ self.mix.T
        x = self.block0_0(torch.einsum("bc,chw->bchw", weights, self.basis))
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return self.to_image(self.block1_0(self.grow1(x)))


class R3Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.from_image = nn.Conv2d(1, WIDTHS[1], 1, bias=False)
        self.block1_0, self.block0_0 = Block(WIDTHS[1]), Block(WIDTHS[0])
        self.shrink1 = nn.Conv2d(WIDTHS[1], WIDTHS[0], 1, bias=False)
        self.basis = nn.Parameter(torch.zeros(WIDTHS[0], SIDE // 2, SIDE // 2))
        self.head = nn.Parameter(torch.zeros(CLASSES, WIDTHS[0]))

    def forward(self, x, labels):
        x = self.block1_0(self.from_image(x))
        x = F.interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False)
        x = self.block0_0(self.shrink1(x))
        features = torch.einsum("bchw,chw->bc", x, self.basis) / (SIDE // 2)
        return (features @ self.head.T)[torch.arange(len(x)), labels]


class Layers(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)


class DcGenerator(Layers):
    def __init__(self):
        super().__init__(nn.ConvTranspose2d(LATENT, WIDTHS[0], SIDE // 2, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU(),
                         nn.ConvTranspose2d(WIDTHS[0], WIDTHS[1], 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTHS[1]),
                         nn.ReLU(), nn.ConvTranspose2d(WIDTHS[1], 1, 3, 1, 1, bias=False), nn.Tanh())

    def forward(self, z, labels):
        return self.layers(z[:, :, None, None])


class DcDiscriminator(Layers):
    def __init__(self):
        super().__init__(nn.Conv2d(1, WIDTHS[1], 3, 1, 1, bias=False), nn.LeakyReLU(0.2),
                         nn.Conv2d(WIDTHS[1], WIDTHS[0], 4, 2, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]),
                         nn.LeakyReLU(0.2), nn.Conv2d(WIDTHS[0], 1, SIDE // 2, bias=False))

    def forward(self, x, labels):
        return self.layers(x)[:, 0, 0, 0]


def golden(name, generator, discriminator, gamma, tensors):
    both = nn.Module()
    both.generator, both.discriminator = generator, discriminator
    fill_by_formula(both)
    real, labels = by_formula((B, 1, SIDE, SIDE), 1000), torch.arange(B) % CLASSES
    z, z2 = 2 * by_formula((B, LATENT), 1001), 2 * by_formula((B, LATENT), 1002)
    with torch.no_grad():
        both.eval()
        tensors[name + ".images"], tensors[name + ".logits"] = generator(z, labels), discriminator(real, labels)
        both.train()
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.0, 0.9))
    g_adam = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))
    losses = []
    for _ in range(10):
        x = real.clone().requires_grad_(gamma > 0)
        y = generator(z, labels).detach().requires_grad_(gamma > 0)
        a, b = discriminator(x, labels), discriminator(y, labels)
        if gamma > 0:
            r1 = torch.autograd.grad(a.sum(), x, create_graph=True)[0].pow(2).sum((1, 2, 3))
            r2 = torch.autograd.grad(b.sum(), y, create_graph=True)[0].pow(2).sum((1, 2, 3))
            d_loss = (F.softplus(-(a - b)) + gamma / 2 * (r1 + r2)).mean()
        else:
            d_loss = (F.softplus(-a) + F.softplus(b)).mean()
        d_adam.zero_grad()
        d_loss.backward()
        d_adam.step()
        with torch.no_grad():
            a = discriminator(real, labels)
        b = discriminator(generator(z2, labels), labels)
        g_loss = F.softplus(-(b - a) if gamma > 0 else -b).mean()
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()
        losses.append([d_loss.item(), g_loss.item()])
    print(name, losses)
    tensors[name + ".losses"] = torch.tensor(losses)


if __name__ == "__main__":
    torch.set_num_threads(1)
    tensors = {}
    golden("r3gan", R3Generator(), R3Discriminator(), 0.5, tensors)
    golden("dcgan", DcGenerator(), DcDiscriminator(), 0, tensors)
    write_safetensors("gan", tensors, "tools/golden/gan.py")
