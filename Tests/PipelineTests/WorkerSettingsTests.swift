import Events
import Models
import Testing

@testable import Pipeline

/// Which settings state depends on, and which lists do: all of them, and no others.
struct WorkerSettingsTests {
    private typealias Change = @Sendable (inout WorkerSettings) -> Void

    private static let folds: [Change] = [
        { $0.user.historyItemsMax += 1 }, { $0.user.sessionGapMilliseconds += 1 }, { $0.user.window += 1 },
        { $0.admission.futureBoundMilliseconds += 1 },
        { $0.items.covisitation.window += 1 }, { $0.items.covisitation.distanceExponent += 0.01 },
        { $0.items.covisitation.backwardWeight += 0.01 }, { $0.items.covisitation.halfLifeMilliseconds += 1 },
        { $0.items.covisitation.neighbours += 1 }, { $0.items.itemsMax += 1 },
        { $0.items.popularityHalfLives[0] += 1 }, { $0.items.popularityHalfLives[1] += 1 },
        { $0.items.popularityHalfLives[2] += 1 }, { $0.items.popularityHalfLives[3] += 1 },
        { $0.items.popularityHalfLives.append(0) }, { $0.items.popularityHalfLives.removeLast() },
    ]

    private static let ratings: [Change] = [
        { $0.scale.view += 0.5 }, { $0.scale.removeFromCart += 0.5 }, { $0.scale.cart += 0.5 },
        { $0.scale.purchase += 0.5 },
    ]

    private static let rules: [Change] = [
        { $0.rules.listItems += 1 }, { $0.rules.historyItems += 1 }, { $0.rules.excludesSeen.toggle() },
        { $0.rules.perCategoryMax += 1 }, { $0.rules.exploration += 0.1 }, { $0.rules.continueItems += 1 },
    ]

    private static let blend: [Change] = [
        { $0.blend.sequential.weight += 0.1 }, { $0.blend.sequential.slope += 0.1 },
        { $0.blend.sequential.rootWeight += 0.1 }, { $0.blend.sequential.depth += 1 },
        { $0.blend.sequential.recency += 0.1 }, { $0.blend.sequential.targetExponent += 0.1 },
        { $0.blend.sequential.sourceExponent += 0.1 },
        { $0.blend.neighbours.weight += 0.1 }, { $0.blend.neighbours.slope += 0.1 },
        { $0.blend.neighbours.rootWeight += 0.1 }, { $0.blend.neighbours.depth += 1 },
        { $0.blend.neighbours.recency += 0.1 },
        { $0.blend.factors.weight += 0.1 }, { $0.blend.factors.slope += 0.1 },
        { $0.blend.factors.rootWeight += 0.1 }, { $0.blend.factors.shortMemory += 0.1 },
        { $0.blend.popularity.weight += 0.1 }, { $0.blend.popularity.slope += 0.1 },
        { $0.blend.popularity.exponent += 0.1 }, { $0.blend.popularity.rootWeight += 0.1 },
        { $0.blend.popularity.rootSlope += 0.1 }, { $0.blend.popularity.column += 1 },
        { $0.blend.category.weight += 0.1 }, { $0.blend.category.slope += 0.1 },
        { $0.blend.category.rootWeight += 0.1 }, { $0.blend.category.depth += 1 },
        { $0.blend.category.recency += 0.1 }, { $0.blend.category.column += 1 },
    ]

    private static let others: [Change] = [
        { $0.decay = Decay(halfLifeMilliseconds: 1) }, { $0.seed += 1 }, { $0.variant = "b" },
    ]

    /// Names of event types are compared by the marker, since they matter only where events are applied again.
    private static let neither: [Change] = [
        { $0.typeNames = EventTypeNames(aliases: EventTypeNames.standardAliases + [("wish", .cart)]) },
        { $0.admission.requiresKey.toggle() }, { $0.admission.skipped = [0: [1]] },
        { $0.batchRecordsMax += 1 }, { $0.commitIntervalMilliseconds += 1 }, { $0.checkpointDelayMilliseconds += 1 },
        { $0.checkpointBytes += 1 }, { $0.pendingBytesMax += 1 }, { $0.blockBytes += 1 },
        { $0.shortListsPerBatch += 1 }, { $0.reranksPerBatch += 1 }, { $0.reranksPerSecond += 1 },
        { $0.activeUsersMax += 1 }, { $0.featuresIntervalMilliseconds += 1 }, { $0.publishes.toggle() },
        { $0.checkpointsValidMilliseconds += 1 }, { $0.writer = "w" },
    ]

    private func hashes(_ changes: [Change]) -> [(state: UInt64, lists: UInt64)] {
        changes.map { change in
            var settings = WorkerSettings()
            change(&settings)
            return (settings.fingerprint, settings.configurationHash)
        }
    }

    @Test func eachSettingOfTheFoldsMakesAnotherFingerprint() {
        let plain = WorkerSettings()
        let found = hashes(Self.folds)
        #expect(Set(found.map(\.state) + [plain.fingerprint]).count == Self.folds.count + 1)
        #expect(Set(found.map(\.lists) + [plain.configurationHash]).count == Self.folds.count + 1)
    }

    @Test func whatListsAloneDependOnMakesAnotherConfiguration() {
        let plain = WorkerSettings()
        let changes = Self.ratings + Self.rules + Self.blend + Self.others
        let found = hashes(changes)
        #expect(found.allSatisfy { $0.state == plain.fingerprint })
        #expect(Set(found.map(\.lists) + [plain.configurationHash]).count == changes.count + 1)
    }

    @Test func paceAndPlaceMakeNeither() {
        let plain = WorkerSettings()
        #expect(
            hashes(Self.neither).allSatisfy { $0.state == plain.fingerprint && $0.lists == plain.configurationHash })
    }

    /// A field that comes in later stands in none of the tables above.
    @Test func noFieldIsLeftOut() {
        func leaves(_ value: Any) -> Int {
            let children = Mirror(reflecting: value).children
            return children.isEmpty ? 1 : children.reduce(0) { $0 + leaves($1.value) }
        }
        let plain = WorkerSettings()
        // One of the list of half-lives in the first table is longer, one shorter.
        #expect(leaves(plain.user) + leaves(plain.items) + 3 == Self.folds.count)
        #expect(leaves(plain.scale) == Self.ratings.count)
        #expect(leaves(plain.rules) == Self.rules.count)
        #expect(leaves(plain.blend) == Self.blend.count)
    }
}
