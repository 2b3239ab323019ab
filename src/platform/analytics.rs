//! Data points for Workers Analytics Engine.

use super::runtime::Runtime;
use crate::app::ports::Analytics;
use js_sys::{Array, Object, Reflect};
use std::cell::OnceCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

const ANALYTICS_BINDING: &str = "ANALYTICS";

#[wasm_bindgen]
extern "C" {
    /// A dataset. <https://developers.cloudflare.com/analytics/analytics-engine/get-started/>
    type Dataset;

    #[wasm_bindgen(method, catch, js_name = writeDataPoint)]
    fn write_data_point(this: &Dataset, point: &Object) -> Result<(), JsValue>;
}

thread_local! {
    /// Looked up once in an isolate, since most deployments have none.
    static DATASET: OnceCell<Option<Dataset>> = const { OnceCell::new() };
}

impl Analytics for Runtime {
    fn record(&self, index: &str, blobs: &[&str], doubles: &[i64]) {
        DATASET.with(|dataset| {
            if let Some(dataset) = dataset.get_or_init(|| self.binding(ANALYTICS_BINDING)) {
                dataset.record(index, blobs, doubles);
            }
        });
    }
}

impl Dataset {
    fn record(&self, index: &str, blobs: &[&str], doubles: &[i64]) {
        let point = Object::new();
        let texts = |texts: &[&str]| texts.iter().map(|text| JsValue::from_str(text)).collect::<Array>();
        #[expect(clippy::cast_precision_loss, reason = "a status, a count, or some milliseconds")]
        let numbers: Array = doubles.iter().map(|number| JsValue::from_f64(*number as f64)).collect();
        for (name, list) in [("indexes", texts(&[index])), ("blobs", texts(blobs)), ("doubles", numbers)] {
            // Setting a member of a plain object does not fail.
            Reflect::set(&point, &JsValue::from_str(name), &list).unwrap_or_default();
        }
        // Over 250 in one invocation are too many: a data point less.
        // <https://developers.cloudflare.com/analytics/analytics-engine/limits/>
        drop(self.write_data_point(&point));
    }
}
