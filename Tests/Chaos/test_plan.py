"""Plans, and what the history keeps."""

from faults import FAULTS, QUICK, clash
from history import History, Operation, Window
from plan import pairs, plan

DURATIONS = {name: fault.duration for name, fault in FAULTS.items()}


def test_the_same_seed_is_the_same_plan():
    assert plan(1, 3600, DURATIONS) == plan(1, 3600, DURATIONS) != plan(2, 3600, DURATIONS)


def test_an_hour_has_every_fault_more_than_once_and_no_two_at_a_time():
    steps = plan(5, 3600, DURATIONS)
    assert all(sum(step.fault == name for step in steps) > 1 for name in FAULTS)
    assert all(before.at + before.seconds + 6 <= after.at + 0.2 for before, after in zip(steps, steps[1:]))
    assert steps[-1].at + steps[-1].seconds <= 3600


def test_a_minute_has_every_quick_fault():
    for seed in range(100):
        assert {step.fault for step in plan(seed, 60, {name: DURATIONS[name] for name in QUICK})} == set(QUICK)


def test_pairs_overlap_or_follow_within_two_seconds():
    found = pairs(5, 3600, DURATIONS, clash)
    assert found == pairs(5, 3600, DURATIONS, clash) != pairs(6, 3600, DURATIONS, clash)
    assert {one.fault for one, _ in found} == set(FAULTS)
    for one, other in found:
        assert one.fault != other.fault and not clash(one.fault, other.fault)
        assert one.at <= other.at <= max(one.at + 2, one.end) + 0.1
    for before, after in zip(found, found[1:]):
        assert max(step.end for step in before) + 8 <= after[0].at + 0.2
    assert max(step.end for step in found[-1]) <= 3600


def test_faults_that_start_the_service_or_cut_connections_exclude_each_other():
    assert clash("kill-supervisor", "kill-everything") and clash("restart", "kill-everything")
    assert clash("cut-reset", "cut-answers") and clash("pause-api", "hang-api")
    assert not clash("kill-postgres", "disk") and not clash("kill-api", "kill-dashboard")


def test_a_history_is_read_as_it_was_saved(tmp_path):
    history = History(1_800_000_000.0)
    history.windows = [Window("kill-api", 1, 2, True), Window("slow-fsync", 3, 4, True, False)]
    history.add(Operation("cost", "c", 1, 2, None, {"amount": "1.5"}))
    history.save(tmp_path / "history")
    read = History.load(tmp_path / "history")
    assert (read.epoch, read.windows, read.operations) == (history.epoch, history.windows, history.operations)
