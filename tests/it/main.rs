//! Native integration tests of the whole, in one binary.

mod fixtures;
mod normalizing;
mod parsing;
mod php_vectors;
mod properties;
mod redacting;
mod relay;
mod support;
mod worst_cases;
