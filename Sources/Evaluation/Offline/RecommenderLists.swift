internal import Events
internal import Linear
public import Models

/// Lists of one algorithm alone, fitted on the histories of a split.
struct RecommenderLists {
    let length: Int
    /// Users that are ranked at once.
    private static let usersAtOnce = 1024

    func rank<R: Recommender>(
        _ recommender: R, _ split: OfflineSplit, _ progress: (Double) -> Void,
        emit: (_ user: Int, _ list: [IdentifierTable.Number]) -> Void
    ) {
        let (histories, users) = split.train.histories()
        guard let model = recommender.fit(histories, from: nil, progress: progress, isCancelled: { false }) else {
            return
        }
        let numbers = histories.items.map { split.train.items.find($0) ?? IdentifierTable.none }
        let asked = users.indices.filter { !split.wanted[users[$0]].isEmpty }
        for start in stride(from: 0, to: asked.count, by: Self.usersAtOnce) {
            let part = asked[start..<min(start + Self.usersAtOnce, asked.count)]
            let lists = model.recommend(part.map { histories.history(of: $0) }, count: length)
            for (place, list) in zip(part, lists) { emit(users[place], list.map { numbers[Int($0.index)] }) }
        }
    }
}

extension EventStream {
    /// Each user's items as a training reads them, every pair once with the largest rating of its events and the time of
    /// its first one, and the stream's number of each of their users.
    public func histories() -> (histories: TrainingHistories, users: [Int]) {
        var builder = TrainingHistories.Builder()
        var byUser = [[Int]](repeating: [], count: users.upperBound)
        var category = [IdentifierTable.Number](repeating: IdentifierTable.none, count: items.upperBound)
        for (index, record) in records.enumerated() {
            byUser[Int(record.user)].append(index)
            if record.category != IdentifierTable.none { category[Int(record.item)] = record.category }
        }
        var kept: [Int] = []
        var place = [Int](repeating: -1, count: items.upperBound)
        for (user, events) in byUser.enumerated() where !events.isEmpty {
            var pairs: [(item: IdentifierTable.Number, rating: Float, time: Int64)] = []
            for index in events {
                let record = records[index]
                let rating = Float(RatingScale.standard[record.type])
                if place[Int(record.item)] < 0 {
                    place[Int(record.item)] = pairs.count
                    pairs.append((record.item, rating, record.time))
                } else {
                    let known = place[Int(record.item)]
                    pairs[known].rating = max(pairs[known].rating, rating)
                }
            }
            // Newest first, also where times are equal.
            for pair in pairs.reversed() {
                builder.append(pair.item, rating: pair.rating, time: pair.time)
                place[Int(pair.item)] = -1
            }
            builder.endUser()
            kept.append(user)
        }
        return (builder.build(items) { category[Int($0)] }, kept)
    }
}
