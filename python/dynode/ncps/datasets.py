"""Data sets of ncps: loaders of files that are there; nothing is fetched."""
import glob
import os

import numpy as np


class AtariCloningDataset:
    """Moves of a player of Atari games: pairs of 32 pictures in a row and the 32 actions, for torch's DataLoader.

    root_dir/env_name/ holds train_*.npz and val_*.npz with obs [32, 84, 84, 4] (bytes) and actions [32]. A sample is
    (pictures [32, 4, 84, 84], float32 within [0, 1], actions [32], int64); channels_first=False keeps [32, 84, 84, 4].
    env_name: breakout, Pong, … in any case. split: train or val.
    """

    def __init__(self, env_name, split="train", root_dir="data", channels_first=True):
        if split not in ("train", "val"):
            raise ValueError(f"split: there is no {split!r}\n  there are: train, val")
        folders = [f for f in sorted(glob.glob(os.path.join(root_dir, "*"))) if os.path.isdir(f)]
        found = [f for f in folders if os.path.basename(f).lower() == env_name.lower()]
        if not found:
            raise FileNotFoundError(
                f"{os.path.join(root_dir, env_name)}: there is no such folder\n"
                "  unpack the game's zip of train_*.npz and val_*.npz there; nothing is fetched"
            )
        self.files = sorted(glob.glob(os.path.join(found[0], f"{split}_*.npz")))
        if not self.files:
            raise FileNotFoundError(f"{found[0]}: there are no {split}_*.npz in it")
        self.channels_first = channels_first

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path = self.files[index]
        with np.load(path, allow_pickle=False) as file:
            missing = {"obs", "actions"} - set(file.files)
            if missing:
                raise ValueError(f"{path}: has no {' and no '.join(sorted(missing))}; it has: {', '.join(file.files)}")
            obs, actions = file["obs"], file["actions"]
        if obs.ndim != 4 or actions.shape != obs.shape[:1]:
            raise ValueError(
                f"{path}: expected obs [steps, height, width, channels] and actions [steps], got {list(obs.shape)} and "
                f"{list(actions.shape)}"
            )
        pictures = obs.astype(np.float32) / np.float32(255)
        if self.channels_first:
            pictures = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))
        return pictures, actions.astype(np.int64)
