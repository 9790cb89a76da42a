"""An independent NumPy reference of GMF, MLP and NeuMF (He, Liao, Zhang, Nie, Hu, Chua, "Neural Collaborative Filtering",
WWW 2017), on the split and the candidates that Freshet writes.

    freshet data split u.data --negatives --to split
    python neural_networks.py split gmf mlp neumf [--seeds 5] [--epochs 20] [--tuning-epochs 10] [--factors 8]

It reads train.txt (a line a user: the user, then its items) and negatives.txt (the user, its wanted item, 99 others), and
prints HR@10 and NDCG@10 of each seed and their mean; a tie counts against the wanted item. `freshet evaluate offline
u.data --protocol ncf --model NAME:…` with the same settings is measured on the very same. Some minutes a seed.

GMF      sigmoid(h · (p_u * q_i) + b).
MLP      Embeddings of 4 K numbers each, concatenated; layers of 4 K, 2 K, K outputs with rectifiers; a last weight each.
NeuMF    Both trained alone, then joined under one output, GMF's weights times one half beside MLP's times one half, and
         trained as a whole by plain descent.
Learning Each interaction as 1 with 4 items that its user did not touch as 0, drawn anew each epoch; mean binary
         cross-entropy of 256 pairs a step; Adam of rate 0.001, whose moments of an embedding's row change where a step
         names the row (PyTorch's SparseAdam). Embeddings start at N(0, 0.01), layers at Glorot's uniform numbers, the
         output at LeCun's, biases at 0.
"""
import argparse

import numpy as np


class Adam:
    def __init__(self, rate):
        self.rate, self.steps, self.moments = rate, 0, {}

    def begin(self):
        self.steps += 1

    def update(self, name, value, gradient, rows=slice(None)):
        first, second = self.moments.setdefault(name, (np.zeros_like(value), np.zeros_like(value)))
        first[rows] += np.float32(0.1) * (gradient - first[rows])
        second[rows] += np.float32(0.001) * (gradient * gradient - second[rows])
        rate = self.rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        value[rows] -= np.float32(rate) * first[rows] / (np.sqrt(second[rows]) + np.float32(1e-8))


class Descent:
    def __init__(self, rate):
        self.rate = rate

    def begin(self):
        pass

    def update(self, name, value, gradient, rows=slice(None)):
        value[rows] -= np.float32(self.rate) * gradient


def uniform(random, inputs, outputs, limit):
    return random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32)


class Network:
    """Embeddings of a product, a tower, or both, under one output."""

    def __init__(self, users, items, factors, has_product, has_tower, random):
        def table(rows, columns):
            return random.normal(0, 0.01, (rows, columns)).astype(np.float32)

        self.has_product, self.has_tower, self.layers, self.values = has_product, has_tower, 0, {}
        if has_product:
            self.values.update(p=table(users, factors), q=table(items, factors))
        if has_tower:
            self.values.update(s=table(users, 4 * factors), t=table(items, 4 * factors))
            widths = [8 * factors, 4 * factors, 2 * factors, factors]
            self.layers = len(widths) - 1
            for k, (a, b) in enumerate(zip(widths, widths[1:])):
                self.values[f"w{k}"] = uniform(random, a, b, np.sqrt(6 / (a + b)))
                self.values[f"b{k}"] = np.zeros(b, np.float32)
        width = factors * (has_product + has_tower)
        self.values["h"] = uniform(random, width, 1, np.sqrt(3 / width))
        self.values["c"] = np.zeros(1, np.float32)

    @staticmethod
    def joining(product, tower):
        joined = object.__new__(Network)
        joined.has_product, joined.has_tower, joined.layers = True, True, tower.layers
        joined.values = {**product.values, **tower.values}
        joined.values["h"] = np.float32(0.5) * np.vstack([product.values["h"], tower.values["h"]])
        joined.values["c"] = np.float32(0.5) * (product.values["c"] + tower.values["c"])
        return joined

    def forward(self, users, items):
        v, parts, inputs = self.values, [], []
        if self.has_product:
            parts.append(v["p"][users] * v["q"][items])
        if self.has_tower:
            x = np.hstack([v["s"][users], v["t"][items]])
            for k in range(self.layers):
                inputs.append(x)
                x = np.maximum(x @ v[f"w{k}"] + v[f"b{k}"], 0)
            parts.append(x)
        last = np.hstack(parts)
        return (last @ v["h"] + v["c"])[:, 0], last, inputs

    def step(self, users, items, targets, optimizer):
        v, gradients, sparse = self.values, {}, []
        output, last, inputs = self.forward(users, items)
        error = ((1 / (1 + np.exp(-output)) - targets) / np.float32(len(targets)))[:, None].astype(np.float32)
        gradients["h"], gradients["c"] = last.T @ error, error.sum(0)
        back = error @ v["h"].T
        if self.has_product:
            width = v["p"].shape[1]
            part, back = back[:, :width], back[:, width:]
            sparse += [("p", users, part * v["q"][items]), ("q", items, part * v["p"][users])]
        if self.has_tower:
            x = last[:, -v[f"w{self.layers - 1}"].shape[1]:]
            for k in reversed(range(self.layers)):
                back = back * (x > 0)
                gradients[f"w{k}"], gradients[f"b{k}"] = inputs[k].T @ back, back.sum(0)
                back, x = back @ v[f"w{k}"].T, inputs[k]
            half = back.shape[1] // 2
            sparse += [("s", users, back[:, :half]), ("t", items, back[:, half:])]
        optimizer.begin()
        for name, gradient in gradients.items():
            optimizer.update(name, v[name], gradient)
        for name, rows, gradient in sparse:
            order = np.argsort(rows, kind="stable")
            ordered = rows[order]
            starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
            optimizer.update(name, v[name], np.add.reduceat(gradient[order], starts), ordered[starts])


def read(folder):
    lines = [list(map(int, line.split())) for line in open(f"{folder}/train.txt")]
    asked = np.array([list(map(int, line.split())) for line in open(f"{folder}/negatives.txt")])
    users = max(max(line[0] for line in lines), asked[:, 0].max()) + 1
    items = max(max(max(line[1:]) for line in lines), asked[:, 1:].max()) + 1
    touched = np.zeros((users, items), bool)
    for line in lines:
        touched[line[0], line[1:]] = True
    return touched, asked


def train(network, touched, epochs, optimizer, random):
    users, items = np.nonzero(touched)
    for _ in range(epochs):
        strangers = np.repeat(users, 4)
        others = random.integers(touched.shape[1], size=len(strangers))
        while (again := touched[strangers, others]).any():
            others[again] = random.integers(touched.shape[1], size=again.sum())
        u, i = np.r_[users, strangers], np.r_[items, others]
        y = np.r_[np.ones(len(users), np.float32), np.zeros(len(strangers), np.float32)]
        order = random.permutation(len(u))
        for start in range(0, len(order), 256):
            part = order[start:start + 256]
            network.step(u[part], i[part], y[part], optimizer)


def quality(network, asked):
    users = np.repeat(asked[:, 0], asked.shape[1] - 1)
    scores = network.forward(users, asked[:, 1:].ravel())[0].reshape(len(asked), -1)
    ranks = (scores[:, 1:] >= scores[:, :1]).sum(1)
    return (ranks < 10).mean(), np.where(ranks < 10, 1 / np.log2(ranks + 2), 0).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("models", nargs="+", choices=["gmf", "mlp", "neumf"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--tuning-epochs", type=int, default=10)
    parser.add_argument("--factors", type=int, default=8)
    arguments = parser.parse_args()
    touched, asked = read(arguments.folder)
    found = {name: [] for name in arguments.models}
    for seed in range(1, arguments.seeds + 1):
        random = np.random.default_rng(seed)
        alone = {}
        for name in ["gmf", "mlp"]:
            if name in arguments.models or "neumf" in arguments.models:
                alone[name] = Network(*touched.shape, arguments.factors, name == "gmf", name == "mlp", random)
                train(alone[name], touched, arguments.epochs, Adam(0.001), random)
                if name in found:
                    found[name].append(quality(alone[name], asked))
        if "neumf" in found:
            network = Network.joining(alone["gmf"], alone["mlp"])
            train(network, touched, arguments.tuning_epochs, Descent(0.01), random)
            found["neumf"].append(quality(network, asked))
        for name, values in found.items():
            print(f"{name} seed {seed}: HR@10 {values[-1][0]:.4f}, NDCG@10 {values[-1][1]:.4f}", flush=True)
    for name, values in found.items():
        hit_rate, ndcg = np.mean(values, axis=0)
        print(f"{name}: HR@10 {hit_rate:.4f}, NDCG@10 {ndcg:.4f}, mean of {arguments.seeds} seeds")


if __name__ == "__main__":
    main()
