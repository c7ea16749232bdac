import gzip

import numpy as np
import pytest

from eegsnn.datasets.readers.ts import parse_ts
from eegsnn.errors import DataError

HEADER = "#Amplitude ±1 µV\n@problemName x\n@classLabel true a b\n@data\n"


@pytest.fixture
def write(tmp_path):
    def make(body, header=HEADER):
        path = tmp_path / "x.ts"
        path.write_bytes((header + body).encode("latin-1"))
        return path

    return make


def test_channels_times_and_labels(write):
    X, y = parse_ts(write("1,2.5,-3e1:4,5,6:a\n7,8,9:10,11,12:b\n\n"))
    np.testing.assert_array_equal(X, [[[1, 2.5, -30], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]])
    assert y.tolist() == ["a", "b"]


def test_compressed(tmp_path):
    path = tmp_path / "x.ts.gz"
    path.write_bytes(gzip.compress((HEADER + "1,2:a\n").encode("latin-1")))
    assert parse_ts(path)[0].shape == (1, 1, 2)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match="damaged gzip"):
        parse_ts(path)


@pytest.mark.parametrize(
    ("body", "header", "message"),
    [
        ("", HEADER, "no trials"),
        ("1,2:a\n", "@classLabel true a\n", "not a .ts file"),
        ("1,2:a\n", "@classLabel false\n@data\n", "class labels"),
        ("1,2:3,4:a\n1,2:3:a\n", HEADER, "trial 1: expected 2 channels × 2 numbers"),
        ("1,2:3,4:a\n1,2:3,x:a\n", HEADER, "trial 1"),
        ("1,2:3,4:a\n1,2:3,4", HEADER, "trial 1"),
    ],
)
def test_what_is_not_a_ts_file(write, body, header, message):
    with pytest.raises(DataError, match=message):
        parse_ts(write(body, header))
