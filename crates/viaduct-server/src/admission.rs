//! May this device come in?
