//! Trust chains of OpenID Federation 1.0, verified offline.
