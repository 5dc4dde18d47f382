"""Search for good settings of networks and trainings: where good trials were dense and bad ones rare, more are tried.

    from dynode import search

    space = {"layers.1.params.dim": search.integer(8, 128, log=True),
             "layers.1.params.bias_current": search.uniform(1.5, 2.0),
             "connections.1.connection_type": search.choice("dense", "sparse")}
    s = search.Search(space, file="trials.jsonl")          # goes on where the file ends
    s.run(lambda values: score(search.place(spec, values)), 60)
    s.best                                                  # (values, score)

The first trials are drawn evenly. Later ones are the best of some candidates, drawn near good trials (the best √n / 2
of n) and judged by how much denser good ones are there than the others, each setting by itself. Runs of a training file are
searched by `dynode search`, too, which ends those that do worse than the median.
Source: Bergstra et al. 2011, "Algorithms for hyper-parameter optimization" (tree of Parzen estimators).
"""
import copy
import json
import math
import os

import numpy as np

from ._core import NumericsError, SpecError


class _Range:
    """Numbers from low to high, all equally likely, or with `log` their logarithms."""

    def __init__(self, low, high, log, whole):
        if not (math.isfinite(low) and math.isfinite(high) and low < high) or (log and low <= 0):
            raise SpecError(f"{low} to {high} is no range{' of logarithms' if log else ''}\n  give low < high, with log above 0")
        # whole numbers have half a step more at both ends, so that these are as likely as others
        edge = 0.5 if whole else 0
        self._log, self._whole, self._ends = log, whole, (low, high)
        self._low, self._high = (self._to(low - edge if low > edge or not log else low), self._to(high + edge))

    def _to(self, value):
        return math.log(value) if self._log else value

    def draw(self, rng):
        return self._back(rng.random())

    def _back(self, share):
        value = self._low + share * (self._high - self._low)
        value = math.exp(value) if self._log else value
        value = min(max(value, self._ends[0]), self._ends[1])
        return int(round(value)) if self._whole else float(value)

    def _share(self, value):
        return (self._to(value) - self._low) / (self._high - self._low)

    def near(self, good, rng):
        shares = [self._share(v) for v in good]
        at = rng.integers(len(shares) + 1)
        if at == len(shares):
            return self.draw(rng)
        while not 0 <= (share := rng.normal(shares[at], self._width(shares))) <= 1:
            pass
        return self._back(share)

    @staticmethod
    def _width(shares):
        return max(1 / (2 + len(shares)), 1.06 * float(np.std(shares)) * len(shares) ** -0.2)

    def density(self, value, trials):
        shares = np.array([self._share(v) for v in trials])
        if len(shares) == 0:
            return 1.0
        width = self._width(shares)
        bumps = np.exp(-0.5 * ((self._share(value) - shares) / width) ** 2) / (width * math.sqrt(2 * math.pi))
        inside = [0.5 * (math.erf((1 - s) / width / math.sqrt(2)) + math.erf(s / width / math.sqrt(2))) for s in shares]
        return float((1 + (bumps / inside).sum()) / (1 + len(shares)))


class _Choice:
    """One of some values."""

    def __init__(self, options):
        if len(options) < 2:
            raise SpecError("a choice needs two values, or more")
        self._options = list(options)

    def draw(self, rng):
        return copy.deepcopy(self._options[rng.integers(len(self._options))])

    def near(self, good, rng):
        return self.draw(rng) if rng.integers(len(good) + 1) == len(good) else copy.deepcopy(good[rng.integers(len(good))])

    def density(self, value, trials):
        return (1 + sum(v == value for v in trials)) / (len(self._options) + len(trials))


def uniform(low, high, log=False):
    """A number from low to high."""
    return _Range(low, high, log, False)


def integer(low, high, log=False):
    """A whole number from low to high, both included."""
    return _Range(low, high, log, True)


def choice(*options):
    """One of these values: numbers, texts, lists, dicts."""
    return _Choice(options)


def place(words, values):
    """A copy of a spec or training file (dict) with values at places like layers.1.params.dim; lists count from 0."""
    result = copy.deepcopy(words)
    for name, value in values.items():
        at = result
        *way, last = name.split(".")
        for word in way:
            try:
                at = at[int(word)] if isinstance(at, list) else at.setdefault(word, {})
            except (IndexError, ValueError):
                raise SpecError(f"{name}: there is no '{word}'\n  lists are counted from 0") from None
        if isinstance(at, list):
            if not last.isdigit() or int(last) >= len(at):
                raise SpecError(f"{name}: there is no '{last}'\n  lists are counted from 0")
            at[int(last)] = copy.deepcopy(value)
        else:
            at[last] = copy.deepcopy(value)
    return result


class Search:
    """Trials of a space, {name: uniform | integer | choice}.

    maximize: larger scores are better. file: of trials, one a line; those it has are known already. warmup: trials that are
    drawn evenly. candidates: from which each later trial is chosen.
    Each trial is a function of the seed and the trials before, so a search that goes on is the same as one that never
    stopped.
    """

    def __init__(self, space, *, maximize=False, file=None, seed=1, warmup=10, candidates=24):
        if not space:
            raise SpecError("there is nothing to search in\n  give space: {'lr': search.uniform(1e-4, 1e-1, log=True)}")
        if warmup < 2 or candidates < 1:
            raise SpecError("a search needs warmup ≥ 2 and a candidate")
        self.space, self.maximize, self.file = dict(space), maximize, file
        self._seed, self._warmup, self._candidates = seed, warmup, candidates
        self.trials = []  # (values, score); a score of None: it failed
        if file and os.path.exists(file):
            with open(file, encoding="utf-8") as lines:
                for line in lines:
                    trial = json.loads(line)
                    if set(trial["values"]) != set(self.space):
                        raise SpecError(f"{file}: its trials are of another space: {', '.join(trial['values'])}")
                    self.trials.append((trial["values"], trial["score"]))

    def ask(self):
        """Values for the next trial."""
        rng = np.random.default_rng([self._seed, len(self.trials)])
        ranked = [v for v, _ in self._ranked()]
        if len(self.trials) < self._warmup or len(ranked) < 2:
            return {name: place.draw(rng) for name, place in self.space.items()}
        cut = math.ceil(math.sqrt(len(ranked)) / 2)
        values = {}
        for name, place in self.space.items():
            good, others = [v[name] for v in ranked[:cut]], [v[name] for v in ranked[cut:]]
            candidates = [place.near(good, rng) for _ in range(self._candidates)]
            values[name] = max(candidates, key=lambda c: place.density(c, good) / place.density(c, others))
        return values

    def tell(self, values, score):
        """What a trial came to. None or a number that is not finite: it failed."""
        score = None if score is None or not math.isfinite(score) else float(score)
        self.trials.append((values, score))
        if self.file:
            with open(self.file, "a", encoding="utf-8") as lines:
                lines.write(json.dumps({"values": values, "score": score}) + "\n")

    def run(self, function, trials, on_trial=None):
        """Tries until there are so many trials. function(values) → score; a NumericsError (a network that diverged) is a
        failed trial. on_trial(number, values, score) returning True ends it. Returns best."""
        while len(self.trials) < trials:
            values = self.ask()
            try:
                score = function(values)
            except NumericsError:
                score = None
            self.tell(values, score)
            if on_trial and on_trial(len(self.trials), values, self.trials[-1][1]):
                break
        return self.best

    def _ranked(self):
        """Trials that did not fail, the best first."""
        done = [t for t in self.trials if t[1] is not None]
        return sorted(done, key=lambda t: -t[1] if self.maximize else t[1])

    @property
    def best(self):
        """(values, score) of the best trial; None if all failed."""
        ranked = self._ranked()
        return ranked[0] if ranked else None
