"""Public data sets: declared in manifests, fetched and verified, read into trials.

`list_datasets` names them, `describe` tells what is known of one, `fetch` obtains its files, and
`load_dataset` turns them into an `EEGDataset` (or, for MNIST, a `TabularDataset`).
"""

from eegsnn.datasets.describing import describe
from eegsnn.datasets.fetching import fetch
from eegsnn.datasets.loading import dataset_options, load_dataset
from eegsnn.datasets.manifest import Manifest, list_datasets, read_manifest

__all__ = [
    "Manifest",
    "dataset_options",
    "describe",
    "fetch",
    "list_datasets",
    "load_dataset",
    "read_manifest",
]
