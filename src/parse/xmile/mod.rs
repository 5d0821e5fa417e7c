//! XMILE.
