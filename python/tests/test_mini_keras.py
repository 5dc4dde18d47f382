"""Networks in a row under the names of Keras, and the data sets of ncps: the examples of the quickstart, and what they do."""
import numpy as np
import pytest
import torch

import dynode


def test_the_quickstart():
    from dynode.ncps.mini_keras import layers, models

    model = models.Sequential(
        [
            layers.InputLayer(input_shape=(None, 20)),
            layers.Dense(50, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    x = np.random.default_rng(1).normal(size=(3, 7, 20)).astype(np.float32)
    p = model.predict(x)
    assert p.shape == (3, 7, 10) and model.output_shape == (None, None, 10)
    np.testing.assert_allclose(p.sum(-1), 1, atol=1e-6)


def test_the_quickstart_of_ltc(capsys):
    from dynode.ncps.mini_keras import layers, models
    from dynode.ncps.wirings import AutoNCP

    wiring = AutoNCP(28, 4)  # 28 neurons, 4 outputs
    model = models.Sequential(
        [
            layers.InputLayer(input_shape=(None, 2)),
            layers.LTC(wiring, return_sequences=True),
        ]
    )
    assert model.predict(np.zeros((3, 8, 2))).shape == (3, 8, 4)
    model.summary()
    assert "LTC" in capsys.readouterr().out


def test_a_row_learns_and_its_loss_is_what_evaluate_says():
    from dynode.ncps.mini_keras import layers, models

    rng = np.random.default_rng(2)
    x = rng.normal(size=(120, 6, 2)).astype(np.float32)
    y = (x[:, :, 0].sum(1) > 0).astype(np.int64)
    model = models.Sequential([layers.Input((None, 2)), layers.GRU(12), layers.Dropout(0.1), layers.Dense(2, activation="softmax")], seed=3)
    assert not model.return_sequences and model.predict(x).shape == (120, 2)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"], learning_rate=1e-2)
    before = model.evaluate(x, y)
    model.fit(x, y, epochs=20)
    p = model.predict(x)
    assert model.evaluate(x, y) < before / 2 and (p.argmax(1) == y).mean() > 0.9
    np.testing.assert_allclose(model.evaluate(x, y), -np.log(p[np.arange(120), y]).mean(), rtol=1e-4)


def test_values_at_every_step():
    from dynode.ncps.mini_keras import layers, models

    x = np.random.default_rng(4).normal(size=(40, 5, 3)).astype(np.float32)
    y = x[:, :, :1] * 0.5
    model = models.Sequential([layers.Input((None, 3)), layers.Dense(1)])
    model.compile(loss="mse", learning_rate=5e-2)
    model.fit(x, y, epochs=40)
    assert model.evaluate(x, y) < 1e-3


def test_mistakes_are_explained():
    from dynode.ncps.mini_keras import layers, models

    with pytest.raises(ValueError, match="begin with layers.InputLayer"):
        models.Sequential([layers.Dense(3)]).predict(np.zeros((1, 1, 3)))
    with pytest.raises(ValueError, match="return_sequences=True"):
        models.Sequential([layers.Input((None, 3)), layers.GRU(3), layers.LSTM(3)]).model
    with pytest.raises(ValueError, match="there is no loss 'hinge'"):
        models.Sequential([layers.Input((None, 3))]).compile(loss="hinge")
    with pytest.raises(dynode.SpecError, match="LTC has no parameter 'unfolds'"):
        models.Sequential([layers.Input((None, 3)), layers.LTC(4, unfolds=3)]).model


def test_atari(tmp_path):
    from dynode.ncps.datasets import AtariCloningDataset

    folder = tmp_path / "pong"
    folder.mkdir()
    for n in range(3):
        np.savez(folder / f"train_{n}.npz", obs=np.full((32, 84, 84, 4), 51 * n, np.uint8), actions=np.full(32, n))
    dataset = AtariCloningDataset(env_name="Pong", split="train", root_dir=tmp_path)
    dataloader = torch.utils.data.DataLoader(dataset, batch_size=2)
    pictures, actions = next(iter(dataloader))
    assert pictures.shape == (2, 32, 4, 84, 84) and actions.dtype == torch.int64
    np.testing.assert_allclose(pictures[1].numpy(), 0.2, atol=1e-7)
    with pytest.raises(FileNotFoundError, match="no val_"):
        AtariCloningDataset("Pong", "val", tmp_path)
    with pytest.raises(FileNotFoundError, match="nothing is fetched"):
        AtariCloningDataset("breakout", "train", tmp_path)
    np.savez(folder / "train_0.npz", pictures=np.zeros(3))
    with pytest.raises(ValueError, match="has no actions and no obs"):
        dataset[0]
