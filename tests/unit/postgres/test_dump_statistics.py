from dbtool.postgres.dump import filter_toc, parse_toc

LISTING = """\
215; 1259 16385 TABLE public users shop
4725; 0 0 STATISTICS DATA public users shop
3307; 3381 16702 STATISTICS public users_by_plan shop
"""


def test_extended_statistics_are_schema_and_their_data_is_rows() -> None:
    """Of PostgreSQL 18 on, whose statistics hold the most common values of each column."""
    kept = [entry.text for entry in filter_toc(parse_toc(LISTING), extensions="create")]
    assert kept == ["TABLE public users shop", "STATISTICS public users_by_plan shop"]
