internal import Events
public import Models
internal import Pipeline

/// Prequential evaluation, "no repeat": event by event in time order, recommend, score, then learn.
///
/// The first fifth of the stream only warms up. Of what follows, events count whose user has an earlier event and has not
/// touched the item before. All items seen so far compete; a never-seen item is a miss. What is scored is the served
/// list: a total order by score and identifier, so that no tie is resolved in our favour. Generations are trained at the
/// end of the warm-up and whenever the number of events has grown by 5%, and swapped in at once.
public struct PrequentialEvaluation {
    /// What lists depend on; N is `rules.listItems`.
    public var shop = ShopSettings()
    /// The algorithm that generations are made of; nil for the service's own.
    public var model: (any Recommender)?
    /// The share of the stream that only warms up.
    public var warmUpShare = 0.2
    /// The growth of the number of events after which a generation is trained.
    public var growth = 0.05
    /// The share of the stream after which a generation is trained from nothing on all that came before, weights of the
    /// learners included, instead of a warm one at each growth: what a batch job beside the same folds would do. 0 for the
    /// service's own way.
    public var retrainShare = 0.0
    /// Whether generations are trained at all.
    public var trains = true
    /// How many points the series over time has.
    public var points = 20

    public init() {}

    /// Where the algorithm cannot be trained on the histories so far, lists go on with the generation that there is.
    ///
    /// - Parameters:
    ///   - stream: sorted by time.
    ///   - progress: told the share that is done.
    public func run(_ stream: EventStream, progress: (Double) -> Void = { _ in }) -> PrequentialResult {
        let shop = ReplayedShop(settings: self.shop)
        let warmUp = Int(Double(stream.count) * warmUpShare)
        var touched = Set<UInt64>()
        var activity = [Int](repeating: 0, count: stream.users.upperBound)
        var result = PrequentialResult(length: self.shop.rules.listItems, items: stream.items.upperBound)
        let training = shop.settings.training
        let recipe = model.map { GenerationRecipe.recommender($0, training) } ?? .blend(training)
        var generation: Generation?
        var nextTraining = warmUp
        for index in 0..<stream.count {
            if trains, index >= nextTraining, index > 0 {
                train(recipe, shop, &generation, at: index, &result)
                nextTraining = self.nextTraining(after: index, of: stream.count)
            }
            let record = stream.records[index]
            let event = stream.event(index)
            if touched.insert(record.pair).inserted {
                if index >= warmUp, let user = shop.users.find(event.user) {
                    score(stream, index, user, shop, activity: activity[Int(record.user)], &result)
                }
                activity[Int(record.user)] += 1
            }
            shop.learn(event)
            result.learn(record)
            if (index + 1) * points / stream.count != index * points / stream.count {
                result.endPoint(events: index + 1, time: record.time)
                progress(Double(index + 1) / Double(stream.count))
            }
        }
        return result
    }

    private func train(
        _ recipe: GenerationRecipe, _ shop: ReplayedShop, _ generation: inout Generation?, at index: Int,
        _ result: inout PrequentialResult
    ) {
        let histories = shop.histories()
        result.refusal = recipe.refusal(histories)
        guard result.refusal == nil else { return }
        let trained = recipe.train(
            histories, earlier: retrainShare > 0 ? nil : generation, blend: self.shop.blend)
        guard let trained else {
            result.refusal = recipe.divergence
            return
        }
        generation = trained
        shop.swap(trained)
        var manifest = trained.manifest
        manifest.events = index
        result.generations.append(manifest)
    }

    /// The event before which the generation after the one at `index` is trained.
    private func nextTraining(after index: Int, of count: Int) -> Int {
        guard retrainShare > 0 else { return max(index + 1, Int((Double(index) * (1 + growth)).rounded(.up))) }
        let length = max(1, Int(Double(count) * retrainShare))
        return (index / length + 1) * length
    }

    private func score(
        _ stream: EventStream, _ index: Int, _ user: UserStore.User, _ shop: ReplayedShop, activity: Int,
        _ result: inout PrequentialResult
    ) {
        let record = stream.records[index]
        var outcome = PrequentialResult.Outcome(event: index, user: Int(record.user), activity: activity)
        let target = shop.table.identifiers.find(stream.items.bytes(record.item))
        var items: [Int] = []
        shop.rank(user) { list in
            for place in list.indices {
                if list[place].item == target { outcome.rank = place }
                let id = shop.table.identifiers.bytes(list[place].item)
                if let item = stream.items.find(id) { items.append(Int(item)) }
            }
        }
        if target.map({ !shop.table.isRecommendable($0) }) ?? true { outcome.rank = nil }
        result.add(outcome, list: items)
    }
}
