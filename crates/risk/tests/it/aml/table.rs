//! The table of thresholds.

use tongbao_risk::aml::Thresholds;

/// What is said of the shipped table with one text in place of another.
fn flaws(from: &str, to: &str) -> Vec<String> {
    let text = Thresholds::shipped_text();
    assert!(text.contains(from), "{from} is not in the table");
    let changed = text.replacen(from, to, 1);
    Thresholds::parse(&changed).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn the_shipped_table_is_in_order_and_every_part_names_its_source() {
    let table = Thresholds::shipped();
    assert!(table.version >= 1);
    let sources = Thresholds::shipped_text().lines().filter(|line| line.starts_with("source = ")).count();
    assert_eq!(sources, 10 + table.large_value.len());
}

#[test]
fn a_wrong_table_is_refused_with_what_to_change() {
    let cases = [
        ("count_min = 3", "count_min = 0", "structuring.count_min is 0; it must be from 1 to 200"),
        ("band_bps = 1000", "band_bps = 20000", "structuring.band_bps is 20000; it must be from 1 to 5000"),
        (
            "thresholds_yuan = [50000, 200000, 500000]",
            "thresholds_yuan = []",
            "structuring.thresholds_yuan is empty",
        ),
        ("hops_max = 6", "hops_max = 2", "cycle.hops_max is below cycle.hops_min"),
        ("source = \"Own choice.\"", "source = \" \"", "mule_ring.source is empty"),
        (
            "id = \"other_domestic\"",
            "id = \"natural_domestic\"",
            "two lines of large_value have the id natural_domestic",
        ),
        ("at_least = 500000", "at_least = 0", "large_value.natural_domestic is 0"),
        ("hops_max = 6", "hops_most = 6", "unknown field `hops_most`"),
        ("currency = \"CNY\"", "currency = \"ABC\"", "ABC"),
        ("from = \"2019-01-01\"", "from = \"2019-13-01\"", "2019-13-01"),
        ("checked = \"press\"", "checked = \"certain\"", "unknown variant `certain`"),
    ];
    for (from, to, expected) in cases {
        let told = flaws(from, to);
        assert!(told.iter().any(|flaw| flaw.contains(expected)), "{to}: {told:?}");
    }
}
