//! The use cases, generic over [`ports`].
