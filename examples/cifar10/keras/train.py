"""Trains a small Keras network on CIFAR-10 with TensorFlow 2: an ordinary SageMaker script-mode entry point.

Channels: `train` and `test`, each with tar files of JPEGs named <class>/<anything>.jpg.
Prints one line of metrics per epoch; leaves a SavedModel in 1/ and the class names in classes.json.
"""

import argparse
import json
import os
import pathlib
import tarfile

import numpy as np
import tensorflow as tf


def read_images(folder: str, limit: int) -> tuple[np.ndarray, list[str]]:
    """Every JPEG of the folder's tar files, uint8 [n, 32, 32, 3], and its class name; the first `limit` if not 0."""
    pixels, labels = [], []
    for path in sorted(pathlib.Path(folder).glob("*.tar")):
        with tarfile.open(path) as archive:
            for member in archive:
                if limit and len(labels) == limit:
                    break
                if not member.isfile():
                    continue
                pixels.append(tf.io.decode_jpeg(archive.extractfile(member).read(), channels=3).numpy())
                labels.append(member.name.split("/")[-2])
    if not labels:
        raise SystemExit(f"no images in the tar files of {folder}")
    return np.stack(pixels), labels


def make_network(classes: int, mean: np.ndarray, variance: np.ndarray) -> tf.keras.Model:
    layers = tf.keras.layers
    network = tf.keras.Sequential([layers.Input((32, 32, 3)), layers.Normalization(mean=mean, variance=variance),
                                   layers.RandomFlip("horizontal")])
    for filters in (32, 64, 128):
        network.add(layers.Conv2D(filters, 3, padding="same", use_bias=False))
        network.add(layers.MaxPool2D(2))  # first: what follows has a quarter of the work
        network.add(layers.BatchNormalization(momentum=0.9))
        network.add(layers.ReLU())
    network.add(layers.Flatten())
    network.add(layers.Dropout(0.25))
    network.add(layers.Dense(classes))
    return network


class OneLine(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(f"epoch={epoch + 1} train_loss={logs['loss']:.4f} test_loss={logs['val_loss']:.4f} "
              f"test_accuracy={logs['val_accuracy']:.4f}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=0, help="use only so many images of each channel")
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--model_dir", dest="bucket", help="where the SDK would have checkpoints; not used")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    tf.keras.utils.set_random_seed(arguments.seed)
    train_images, train_names = read_images(arguments.train, arguments.limit)
    test_images, test_names = read_images(arguments.test, arguments.limit)
    classes = sorted(set(train_names))
    train_labels = np.array([classes.index(name) for name in train_names])
    test_labels = np.array([classes.index(name) for name in test_names])
    print(f"TensorFlow {tf.__version__}: {len(train_labels)} training and {len(test_labels)} test images, "
          f"{len(classes)} classes", flush=True)

    network = make_network(len(classes), train_images.mean((0, 1, 2)), train_images.var((0, 1, 2)))
    network.compile(tf.keras.optimizers.AdamW(arguments.lr), metrics=["accuracy"],
                    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    network.fit(train_images, train_labels, batch_size=arguments.batch_size, epochs=arguments.epochs, verbose=0,
                validation_data=(test_images, test_labels), callbacks=[OneLine()])

    model_dir = pathlib.Path(arguments.model_dir)
    network.export(model_dir / "1")
    (model_dir / "classes.json").write_text(json.dumps(classes))


if __name__ == "__main__":
    main()
