import Events
import Linear
import Models
import ServiceKit

/// What a generation says about itself, as text and JSON.
enum ManifestText {
    static func members(_ generation: Generation) -> [String: Any] {
        let manifest = generation.manifest
        let blend = manifest.blend
        return [
            "generation": generation.number, "model": manifest.model, "settings": manifest.settings,
            "items": generation.items.count, "factors": generation.factors.columns,
            "neighbours_per_item": generation.neighboursPerItem, "likeness": manifest.likeness, "users": manifest.users,
            "interactions": manifest.interactions, "events": manifest.events,
            "latest_event_time": DecisionText.time(manifest.latestTime), "seed": manifest.seed,
            "projection": [
                "alpha": manifest.alpha, "alpha0": manifest.unobservedWeight,
                "regularization": manifest.regularization, "exponent": manifest.regularizationExponent,
            ],
            "blend": [
                "sequential": [
                    "weight": blend.sequential.weight, "slope": blend.sequential.slope,
                    "root_weight": blend.sequential.rootWeight, "depth": blend.sequential.depth,
                    "recency": blend.sequential.recency, "target_exponent": blend.sequential.targetExponent,
                    "source_exponent": blend.sequential.sourceExponent,
                ],
                "neighbours": [
                    "weight": blend.neighbours.weight, "slope": blend.neighbours.slope,
                    "root_weight": blend.neighbours.rootWeight, "depth": blend.neighbours.depth,
                    "recency": blend.neighbours.recency,
                ],
                "factors": [
                    "weight": blend.factors.weight, "slope": blend.factors.slope,
                    "root_weight": blend.factors.rootWeight, "short_memory": blend.factors.shortMemory,
                ],
                "popularity": [
                    "weight": blend.popularity.weight, "slope": blend.popularity.slope,
                    "root_weight": blend.popularity.rootWeight, "root_slope": blend.popularity.rootSlope,
                    "exponent": blend.popularity.exponent,
                    "column": blend.popularity.column,
                ],
                "category": [
                    "weight": blend.category.weight, "slope": blend.category.slope,
                    "root_weight": blend.category.rootWeight, "depth": blend.category.depth,
                    "recency": blend.category.recency, "column": blend.category.column,
                ],
            ],
        ]
    }

    static func lines(_ generation: Generation) -> [String] {
        let manifest = generation.manifest
        let blend = manifest.blend
        func grouped(_ value: Int) -> String { HumanFormat.grouped(value) }
        func short(_ value: Double) -> String { HumanFormat.fixed(value, digits: 3) }
        var lines = [
            "trained on  \(HumanFormat.counted(manifest.interactions, "interaction")) of "
                + "\(HumanFormat.counted(manifest.users, "user")), up to "
                + DecisionText.time(manifest.latestTime),
            "items       \(grouped(generation.items.count)); "
                + "\(HumanFormat.counted(generation.factors.columns, "factor")), "
                + "\(HumanFormat.counted(generation.neighboursPerItem, "neighbour")) each"
                + (manifest.likeness > 0
                    ? ", \(HumanFormat.fixed(100 * manifest.likeness, digits: 0))% by category, price and brand" : ""),
            "projection  α \(Float(manifest.alpha))  α₀ \(Float(manifest.unobservedWeight))  "
                + "λ \(Float(manifest.regularization))  ν \(Float(manifest.regularizationExponent))",
            "weights     sequential \(short(blend.sequential.weight))  neighbours \(short(blend.neighbours.weight))  "
                + "factors \(short(blend.factors.weight))  category \(short(blend.category.weight))  "
                + "popularity \(short(blend.popularity.weight)) (column \(blend.popularity.column))",
        ]
        if !manifest.settings.isEmpty { lines.append("settings    " + manifest.settings.joined(separator: " ")) }
        return lines
    }
}
