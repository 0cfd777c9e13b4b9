//! How are results shown?
