//! UpdateFeatures (`FeatureControlManager.updateFeatures`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, text};
use crate::kafka::controller::features::find;
use crate::kafka::controller::records::Record;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::update_features_request::FeatureUpdateKey;
use crate::kafka::wire::message::update_features_response::UpdatableFeatureResult;
use crate::kafka::wire::message::{UpdateFeaturesRequest, UpdateFeaturesResponse};

/// `FeatureUpdate.UpgradeType`; a safe downgrade is 2, an unsafe one 3.
const UPGRADE: i8 = 1;
const KINDS: std::ops::RangeInclusive<i8> = UPGRADE..=3;

impl ControllerApi for UpdateFeaturesRequest {
    fn handle(&self, active: &mut Active, _now: Time, version: i16) -> UpdateFeaturesResponse {
        for update in &self.feature_updates {
            if let Err(why) = active.check_feature(update, version) {
                let why = format!(
                    "The update failed for all features since the following feature had an error: Invalid update version {} for feature \
                     {}. {why}",
                    update.max_version_level, update.feature
                );
                return UpdateFeaturesResponse {
                    error_code: ErrorCode::InvalidUpdateVersion.code(),
                    error_message: Some(text(why)),
                    ..UpdateFeaturesResponse::default()
                };
            }
        }
        if !self.validate_only {
            for update in &self.feature_updates {
                if active.feature_level(&update.feature) != update.max_version_level {
                    active.push(Record::FeatureLevel { name: update.feature.clone(), level: update.max_version_level });
                }
            }
        }
        let results = self.feature_updates.iter().map(|update| UpdatableFeatureResult {
            feature: update.feature.clone(),
            error_message: Some(text("")),
            ..UpdatableFeatureResult::default()
        });
        let results = if version <= 1 { results.collect() } else { Vec::new() };
        UpdateFeaturesResponse { error_message: None, results, ..UpdateFeaturesResponse::default() }
    }
}

impl Refuse for UpdateFeaturesRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> UpdateFeaturesResponse {
        UpdateFeaturesResponse { error_code: error.code(), error_message: Some(text(why)), ..UpdateFeaturesResponse::default() }
    }
}

impl Active {
    fn feature_level(&self, name: &str) -> i16 {
        self.draft.features.get(name).copied().unwrap_or(0)
    }

    fn check_feature(&self, update: &FeatureUpdateKey, version: i16) -> Result<(), String> {
        let level = update.max_version_level;
        let kind = match version {
            0 if update.allow_downgrade => 2,
            0 => UPGRADE,
            _ => update.upgrade_type,
        };
        if !KINDS.contains(&kind) {
            return Err("The controller does not support the given upgrade type.".into());
        }
        if level < 0 {
            return Err("A feature version cannot be less than 0.".into());
        }
        let id = self.node_id;
        let Some(feature) = find(&update.feature) else {
            return Err(format!("Local controller {id} does not support this feature."));
        };
        if !(feature.min..=feature.max).contains(&level) {
            return Err(format!("Local controller {id} only supports versions {}-{}", feature.min, feature.max));
        }
        let now = self.feature_level(feature.name);
        if level < now && kind == UPGRADE {
            return Err(
                "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.".into()
            );
        }
        if level > now && kind != UPGRADE {
            return Err("Can't downgrade to a newer version.".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::update_features_request::FeatureUpdateKey;

    impl Sample for UpdateFeaturesRequest {
        fn sample(_known: &Known, _version: i16, _name: &str) -> Self {
            let update = FeatureUpdateKey { feature: text("metadata.version"), max_version_level: 27, ..FeatureUpdateKey::default() };
            Self { feature_updates: vec![update], ..Self::default() }
        }
    }
}
