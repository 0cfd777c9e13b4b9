//! What do the records mean?
