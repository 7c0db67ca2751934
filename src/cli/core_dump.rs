//! No core file: it would hold tokens and keys.

/// Asks the system to write none of this process, whatever ends it. A system that does not know how is no reason not to
/// run: its administrator decides then, as for every other process.
pub(super) fn refuse() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none).ok();
    }
    // Where a program takes core dumps (core(5)), the limit does not count; nor may others of the user look in.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    }
}
