import struct

import numpy as np

from dbtool.postgres.tid_arrays import decode_pairs, decode_pieces, decode_tids, encode_array


def test_row_ids_are_sent_as_array_recv_reads_them() -> None:
    ids = np.array([1 << 16 | 2, 0xFFFFFFFE << 16 | 291], np.uint64)
    head = struct.pack(">5i", 1, 0, 27, 2, 1)
    elements = struct.pack(">iIH", 6, 1, 2) + struct.pack(">iIH", 6, 0xFFFFFFFE, 291)
    assert encode_array(ids) == head + elements
    assert encode_array(ids[:0]) == struct.pack(">3i", 0, 0, 27)


def test_what_tidsend_gave_are_row_ids() -> None:
    sent = struct.pack(">IH", 1, 2) + struct.pack(">IH", 0xFFFFFFFE, 291)
    assert decode_tids(sent).tolist() == [1 << 16 | 2, 0xFFFFFFFE << 16 | 291]
    assert decode_tids(None).tolist() == []
    assert [ids.tolist() for ids in decode_pairs(sent)] == [[1 << 16 | 2], [0xFFFFFFFE << 16 | 291]]


def test_a_large_answer_is_decoded_in_pieces_of_a_million() -> None:
    rows = np.arange(1, 2_000_002, dtype=np.uint64)
    sent = b"".join(int(row).to_bytes(6, "big") for row in rows)
    pieces = list(decode_pieces(sent))
    assert [len(piece) for piece in pieces] == [1_000_000, 1_000_000, 1]
    assert np.array_equal(np.concatenate(pieces), rows)
    assert list(decode_pieces(None)) == []
