//! The relay as an application of Bitrix24: how it is installed, proven, authorised and subscribed.

pub mod authorisation;
pub mod broker;
pub mod claim;
pub mod endpoint;
pub mod hydration;
pub mod oauth;
pub mod object_memory;
pub mod rest;
pub mod rest_budget;
pub mod settings;
pub mod subscription;
