//! How is a cell answered by measuring it?
