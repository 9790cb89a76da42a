import Events
import Models
import Pipeline
import ServiceKit

/// The worker's settings, read from the configuration.
extension Deployment {
    func workerSettings() throws -> WorkerSettings {
        var settings = WorkerSettings()
        settings.user.historyItemsMax = configuration.int("learning.history")
        settings.user.sessionGapMilliseconds = milliseconds("learning.session-gap")
        settings.user.window = configuration.int("learning.covisitation.window")
        settings.items.covisitation.window = configuration.int("learning.covisitation.window")
        settings.items.covisitation.distanceExponent = configuration.double("learning.covisitation.distance-exponent")
        settings.items.covisitation.backwardWeight = configuration.double("learning.covisitation.backward-weight")
        settings.items.covisitation.halfLifeMilliseconds = milliseconds("learning.covisitation.half-life")
        settings.items.covisitation.neighbours = configuration.int("learning.covisitation.neighbours")
        settings.items.popularityHalfLives = try halfLives()
        settings.items.itemsMax = configuration.int("learning.items")
        settings.typeNames = try typeNames()
        settings.admission.futureBoundMilliseconds = milliseconds("ingest.future-bound")
        settings.admission.skipped = try skipped()
        settings.scale = RatingScale(
            view: configuration.double("ratings.view"),
            removeFromCart: configuration.double("ratings.remove-from-cart"),
            cart: configuration.double("ratings.cart"), purchase: configuration.double("ratings.purchase"))
        settings.decay = Decay(halfLifeMilliseconds: milliseconds("ratings.half-life"))
        settings.rules.listItems = configuration.int("ranking.items")
        settings.rules.historyItems = settings.user.historyItemsMax
        settings.rules.excludesSeen = configuration.string("ranking.seen") == "exclude"
        settings.rules.perCategoryMax = configuration.int("ranking.per-category")
        settings.rules.exploration = configuration.double("ranking.exploration")
        settings.rules.continueItems = configuration.int("ranking.continue-shopping")
        settings.seed = UInt64(configuration.int("ranking.seed"))
        settings.variant = configuration.string("ranking.variant")
        settings.batchRecordsMax = configuration.int("processing.batch-records")
        settings.commitIntervalMilliseconds = UInt64(Self.commitMilliseconds(configuration))
        settings.checkpointDelayMilliseconds = UInt64(milliseconds("processing.checkpoint-delay"))
        settings.checkpointBytes = configuration.bytes("processing.checkpoint-bytes")
        settings.pendingBytesMax = configuration.bytes("processing.pending-bytes")
        settings.featuresIntervalMilliseconds = milliseconds("features.interval")
        settings.publishes = configuration.bool("publishing.enabled")
        return settings
    }

    /// From one commit to the next. Without transactions output is visible before its commit: nobody waits for one.
    static func commitMilliseconds(_ configuration: Configuration) -> Int64 {
        configuration.optionalDuration("processing.commit-interval")?.inMilliseconds
            ?? (configuration.string("processing.guarantee") == "exactly_once" ? 50 : 100)
    }

    func milliseconds(_ key: String) -> Int64 { configuration.duration(key).inMilliseconds }

    private func halfLives() throws -> [Int64] {
        let texts = configuration.list("learning.popularity-half-lives")
        guard !texts.isEmpty else {
            throw CommandFailure(
                "learning.popularity-half-lives: at least one is needed; 0 is popularity that never fades", exitCode: 78
            )
        }
        let halfLives = try texts.map { text in
            guard case .duration(let duration)? = ValueType.duration.parse(text) else {
                throw CommandFailure(
                    "learning.popularity-half-lives: '\(text)' is no duration such as 15m or 7d", exitCode: 78)
            }
            return duration.inMilliseconds
        }
        guard ItemTable.Settings.isOrdered(halfLives) else {
            throw CommandFailure(
                "learning.popularity-half-lives: \(texts.joined(separator: ", ")) are not in order: the shortest first, and "
                    + "0, popularity that never fades, last", exitCode: 78)
        }
        return halfLives
    }

    private func skipped() throws -> [Int32: Set<Int64>] {
        try configuration.list("ingest.skip").reduce(into: [:]) { skipped, text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0,
                offset >= 0
            else {
                throw CommandFailure("ingest.skip: '\(text)' is not PARTITION:OFFSET, such as 3:1234", exitCode: 78)
            }
            skipped[partition, default: []].insert(offset)
        }
    }

    private func typeNames() throws -> EventTypeNames {
        let more: [(String, EventType)] = try configuration.list("ingest.aliases").map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let type = EventType.allCases.first(where: { $0.name == parts[1] }) else {
                throw CommandFailure(
                    "ingest.aliases: '\(text)' is not name=type, where type is one of "
                        + EventType.allCases.map(\.name).joined(separator: ", "), exitCode: 78)
            }
            return (parts[0], type)
        }
        return EventTypeNames(aliases: EventTypeNames.standardAliases + more)
    }
}
