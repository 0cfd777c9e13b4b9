//! How do the counts of a machine come into the text of a lesson?

/// Half of `cpus` as a quota [CPUs].
pub(super) fn half(cpus: u32) -> u32 {
    (cpus / 2).max(1)
}

/// `text` with the counts of a machine in it.
pub(super) fn counted(text: &str, cpus: u32) -> String {
    text.replace("<P>", &cpus.to_string())
        .replace("<2P>", &(2 * cpus).to_string())
        .replace("<Q>", &half(cpus).to_string())
        .replace("<2Q>", &(2 * half(cpus)).to_string())
}
