//! Portals install the application: proven, authorised, subscribed, and removed again.

mod attacks;
mod authorising;
mod hydrating;
mod pages;
mod proving;
mod revoking;
mod subscribing;
mod uninstalling;
