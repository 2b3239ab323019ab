//! Reads single variables, and gathers what is wrong with them.

use serde::Serialize;

/// What is wrong with one variable. Shown to whoever may see `GET /healthz`, so it never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigError {
    /// The variable to mend.
    pub variable: &'static str,
    /// What is wrong, and what it should be.
    pub message: String,
}

/// A variable that was looked at.
pub enum Setting<T> {
    /// It is not set.
    Unset,
    /// What is wrong was reported.
    Bad,
    /// Its value.
    Good(T),
}

impl<T> Setting<T> {
    /// Whether it is set and bad.
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad)
    }

    /// Whether it is not set.
    pub const fn is_unset(&self) -> bool {
        matches!(self, Self::Unset)
    }

    /// Its value, where it is good.
    pub fn good(self) -> Option<T> {
        if let Self::Good(value) = self { Some(value) } else { None }
    }
}

/// Gathers the values and what is wrong with them.
pub struct VariableReader<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    errors: Vec<ConfigError>,
}

impl<'a> VariableReader<'a> {
    /// A reader of the values of variables by their names.
    pub fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { variable, errors: Vec::new() }
    }

    /// What is wrong, in the order of the variables.
    #[must_use]
    pub fn into_errors(self) -> Vec<ConfigError> {
        self.errors
    }

    /// The value of a variable; one that is empty counts as not set, since the dashboard cannot unset one.
    #[must_use]
    pub fn text(&self, name: &'static str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Reports what is wrong with a variable.
    pub fn report(&mut self, variable: &'static str, message: impl Into<String>) {
        self.errors.push(ConfigError { variable, message: message.into() });
    }

    /// Reads a variable by `parse`, and reports what is wrong with it.
    pub fn parsed<T, E: ToString>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Setting<T> {
        let Some(text) = self.text(name) else {
            return Setting::Unset;
        };
        match parse(&text) {
            Ok(value) => Setting::Good(value),
            Err(error) => {
                self.report(name, error.to_string());
                Setting::Bad
            }
        }
    }

    /// A whole number within bounds, or its default.
    pub fn number(&mut self, name: &'static str, default: u32, bounds: std::ops::RangeInclusive<u32>) -> u32 {
        let message = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let parse = |text: &str| text.parse().ok().filter(|number| bounds.contains(number)).ok_or(message);
        self.parsed(name, parse).good().unwrap_or(default)
    }
}
