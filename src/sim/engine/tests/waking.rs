//! Closed forms of members that block and wake each other.

use super::*;

/// F6: two blocking members on one PU. In a phase one of them works and blocks, the PU switches,
/// the other works and, being last, wakes the first: 2 w + switch + wake.
#[test]
fn blocking_members_pay_a_switch_and_a_wake() {
    let mut case = Case::new("core:1 pu:1", teams(1, 2, 1, 0));
    case.shape.waits = Waits::all(Wait::BLOCK);
    case.costs.switch = 2 * US;
    (case.costs.wake_call, case.costs.wake_each) = (US, 3 * US);
    assert_eq!(case.phase_time(2 * 50 * US), (2 * 50 + 2 + 1 + 3) * US);
}

/// Two blocking members on two PUs, with costs of waking and of the way out of idle.
fn on_idle_pus() -> Case {
    let mut case = Case::new("core:2 pu:1", teams(1, 2, 1, 0));
    case.shape.waits = Waits::all(Wait::BLOCK);
    (
        case.costs.wake_call,
        case.costs.wake_each,
        case.costs.idle_exit,
    ) = (US, 3 * US, 5 * US);
    case
}

/// F6 on two idle PUs: the last to arrive wakes the other (1 + 3 us) and works on meanwhile; the
/// other needs 5 us to get out of idle, so it is 9 us late, w later it is last itself and the first
/// is blocked: the roles alternate and a phase takes w + 9 us.
#[test]
fn blocking_on_idle_pus_costs_the_wake_and_the_way_out_of_idle() {
    assert_eq!(on_idle_pus().phase_time(2 * 100 * US), 109 * US);
}

/// The same where calling an idle PU costs the caller 7 us more: the waker works on 11 us late, 2
/// after the other, so that it is the last again and wakes again: w + 11 us.
#[test]
fn a_waker_pays_for_calling_an_idle_pu() {
    let mut case = on_idle_pus();
    case.costs.interrupt = 7 * US;
    assert_eq!(case.phase_time(2 * 100 * US), 111 * US);
}
