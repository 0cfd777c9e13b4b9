//! Which levels can a machine have, and which inside which?

use crate::machine::ObjectKind;

/// Whether hwloc takes only one level of this kind.
pub(super) fn single(kind: ObjectKind) -> bool {
    !matches!(kind, ObjectKind::Group | ObjectKind::Cache(_))
}

/// Whether no machine has an object of kind `inner` inside one of kind `outer`.
pub(super) fn impossible(outer: ObjectKind, inner: ObjectKind) -> bool {
    match (outer, inner) {
        (ObjectKind::Pu, _) => true,
        (ObjectKind::Core, _) => matches!(inner, ObjectKind::Package | ObjectKind::Die),
        (ObjectKind::Die, _) => inner == ObjectKind::Package,
        (ObjectKind::Cache(near), ObjectKind::Cache(far)) => near < far,
        (ObjectKind::Cache(_), _) => inner == ObjectKind::Package,
        _ => false,
    }
}
