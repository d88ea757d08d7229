"""The page that a whole run writes."""

from benchmarks.performance import Parts, page


def test_the_page_holds_the_machine_and_every_table_in_order():
    parts = Parts(runs=5, seconds=3.0)
    parts.add("Closed loop, 10 pairs", "| first |")
    parts.add("Idle sockets", "| second |")
    text = page(parts, [("processor", "eight & more")])
    assert "| processor | eight & more |" in text
    assert "5 times, for 3 seconds" in text
    assert text.index("## Closed loop, 10 pairs\n\n| first |") < text.index("## Idle sockets\n\n| second |")


def test_a_run_that_ends_early_says_so_and_keeps_what_it_had():
    parts = Parts(runs=5, seconds=3.0)
    parts.add("Closed loop, 10 pairs", "| first |")
    whole = page(parts, [])
    early = page(parts, [], ended="ejabberd: the server closed a socket")
    assert "This run ended early:** ejabberd: the server closed a socket." in early
    assert "ended early" not in whole
    assert "| first |" in early
