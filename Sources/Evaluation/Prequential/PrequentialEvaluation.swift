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
        var result = PrequentialResult(length: self.shop.rules.listItems)
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
            let pair = UInt64(record.user) << 32 | UInt64(record.item)
            let event = stream.event(index)
            if touched.insert(pair).inserted, index >= warmUp, let user = shop.users.find(event.user) {
                score(event, user, shop, at: index, Int(record.user), &result)
            }
            shop.learn(event)
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
        generation = recipe.train(
            histories, earlier: retrainShare > 0 ? nil : generation, blend: self.shop.blend)
        shop.swap(generation)
        if var manifest = generation?.manifest {
            manifest.events = index
            result.generations.append(manifest)
        }
    }

    /// The event before which the generation after the one at `index` is trained.
    private func nextTraining(after index: Int, of count: Int) -> Int {
        guard retrainShare > 0 else { return max(index + 1, Int((Double(index) * (1 + growth)).rounded(.up))) }
        let length = max(1, Int(Double(count) * retrainShare))
        return (index / length + 1) * length
    }

    private func score(
        _ event: ShopEvent, _ user: UserStore.User, _ shop: ReplayedShop, at index: Int,
        _ number: Int, _ result: inout PrequentialResult
    ) {
        guard let target = shop.table.identifiers.find(event.item), shop.table.isRecommendable(target) else {
            result.add(rank: nil, at: index, user: number)
            return
        }
        shop.rank(user) { list in
            var rank: Int?
            for place in list.indices where list[place].item == target { rank = place }
            result.add(rank: rank, at: index, user: number)
        }
    }
}
