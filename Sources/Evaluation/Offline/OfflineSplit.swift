internal import Events

/// Splits of one data set, each made when it is come to.
public typealias OfflineSplits = LazyMapCollection<Range<Int>, OfflineSplit>

extension OfflineSplits {
    /// Splits that are there.
    public init(_ splits: [OfflineSplit]) { self = splits.indices.lazy.map { splits[$0] } }
}

/// A data set parted into what is learnt and what is asked.
public struct OfflineSplit {
    /// In the order of their times.
    public let train: EventStream
    /// The first event of each wanted pair, with the users and items of `train`.
    public let test: EventStream
    /// The wanted items of each user, by the stream's numbers, without those that the user has in training; none for a user
    /// who has nothing in training.
    let wanted: [[IdentifierTable.Number]]
    /// The rating of each of them at its latest event, as histories without decay have it.
    let wantedRatings: [[Float]]
    /// Events that nobody is asked for, since training does not know their users, and how many users these are.
    public let strangers: (events: Int, users: Int)
    /// Users who are not asked for since their last event, the one to leave out, is of an item that they had touched before.
    public private(set) var repeaters = 0

    /// - Parameter asked: places in `stream`, in its order; of an item that a user has among them twice the first counts,
    ///   with the rating that all of them make.
    init(train: EventStream, stream: EventStream, asked: [Int]) {
        var touched = Set<UInt64>()
        var isKnown = [Bool](repeating: false, count: stream.users.upperBound)
        for record in train.records {
            touched.insert(record.pair)
            isKnown[Int(record.user)] = true
        }
        var wanted = [[IdentifierTable.Number]](repeating: [], count: isKnown.count)
        var events = [[PairRating]](repeating: [], count: isKnown.count)
        var isFirst = [Bool](repeating: false, count: stream.count)
        for index in asked where isKnown[Int(stream.records[index].user)] {
            let record = stream.records[index]
            let user = Int(record.user)
            if touched.insert(record.pair).inserted {
                wanted[user].append(record.item)
                events[user].append(PairRating())
                isFirst[index] = true
            }
            guard let place = wanted[user].lastIndex(of: record.item) else { continue }
            events[user][place].apply(type: record.type, time: record.time)
        }
        let unknown = asked.lazy.map { stream.records[$0].user }.filter { !isKnown[Int($0)] }
        strangers = (unknown.count, Set(unknown).count)
        self.train = train
        test = EventStream(stream) { isFirst[$0] }
        self.wanted = wanted
        wantedRatings = events.map { pairs in
            pairs.map {
                Float($0.rating(at: $0.lastTouch ?? 0, scale: .standard, decay: Decay(halfLifeMilliseconds: 0)))
            }
        }
    }

    private init(
        train: EventStream, test: EventStream, wanted: [[IdentifierTable.Number]], wantedRatings: [[Float]],
        strangers: (events: Int, users: Int)
    ) {
        (self.train, self.test, self.wanted, self.wantedRatings) = (train, test, wanted, wantedRatings)
        self.strangers = strangers
    }

    /// How many users are asked for.
    public var askedCount: Int { wanted.count { !$0.isEmpty } }

    /// A fingerprint of what is learnt and asked, and of all that models look at.
    public var hash: UInt64 {
        var hash = UInt64(train.count)
        for stream in [train, test] {
            for index in 0..<stream.count {
                let event = stream.event(index)
                for word in [event.user, event.item, event.categoryID, event.categoryCode, event.brand] {
                    hash = Hash64.hash(word, seed: hash)
                }
                for number in [UInt64(event.type.code), UInt64(bitPattern: event.time), event.price.bitPattern] {
                    hash = Hash64.hash(number, seed: hash)
                }
            }
        }
        return hash
    }

    /// Leaves out each user's last event, by time and then the order in the stream (which is sorted). Users with one event
    /// only stay in training, and so do events of an item that the user had touched before: no list can hold it.
    public static func lastOut(_ stream: EventStream) -> OfflineSplit {
        var last = [Int](repeating: -1, count: stream.users.upperBound)
        var events = [Int](repeating: 0, count: stream.users.upperBound)
        var touched = Set<UInt64>()
        var isNew = [Bool](repeating: false, count: stream.count)
        for (index, record) in stream.records.enumerated() {
            last[Int(record.user)] = index
            events[Int(record.user)] += 1
            isNew[index] = touched.insert(record.pair).inserted
        }
        var isLeftOut = [Bool](repeating: false, count: stream.count)
        for (user, index) in last.enumerated() where index >= 0 && events[user] > 1 && isNew[index] {
            isLeftOut[index] = true
        }
        var split = OfflineSplit(stream) { isLeftOut[$0] }
        split.repeaters = last.enumerated().count { $1 >= 0 && events[$0] > 1 && !isNew[$1] }
        return split
    }

    /// Learns the first share of the events and asks for what came after.
    /// - Parameter share: in 0..<1.
    public static func time(_ stream: EventStream, share: Double) -> OfflineSplit {
        let border = Int(Double(stream.count) * share)
        return OfflineSplit(stream) { $0 >= border }
    }

    /// Parts each user's items into `count` folds as even as can be, by a hash of the pair: each fold is asked once, and the
    /// events of the other folds' pairs are learnt.
    public static func folds(_ stream: EventStream, count: Int, seed: UInt64 = 1) -> OfflineSplits {
        precondition(count > 1, "one fold would leave nothing to learn")
        var items = [[(hash: UInt64, pair: UInt64)]](repeating: [], count: stream.users.upperBound)
        var fold: [UInt64: Int] = [:]
        for record in stream.records where fold.updateValue(0, forKey: record.pair) == nil {
            // By the identifiers' bytes, so that the folds do not depend on the order of the file.
            let hash = Hash64.hash(
                stream.items.bytes(record.item), seed: Hash64.hash(stream.users.bytes(record.user), seed: seed))
            items[Int(record.user)].append((hash, record.pair))
        }
        for pairs in items where !pairs.isEmpty {
            let sorted = pairs.sorted { $0 < $1 }
            let start = Int(sorted[0].hash % UInt64(count))
            for (place, entry) in sorted.enumerated() { fold[entry.pair] = (start + place) % count }
        }
        let folds = stream.records.map { fold[$0.pair] ?? 0 }
        return (0..<count).lazy.map { fold in OfflineSplit(stream) { folds[$0] == fold } }
    }

    private init(_ stream: EventStream, isAsked: (Int) -> Bool) {
        self.init(
            train: EventStream(stream) { !isAsked($0) }, stream: stream, asked: (0..<stream.count).filter(isAsked))
    }

    /// The same with a share of the users, chosen by a hash of their identifiers; a larger share has all of a smaller one's.
    public func keeping(share: Double) -> OfflineSplit {
        guard share < 1 else { return self }
        let border = UInt64(max(share, 0) * 0x1p32)
        let isKept = (0..<train.users.upperBound).map {
            Hash64.hash(train.users.bytes(IdentifierTable.Number($0)), seed: 0x5EA2C4) >> 32 < border
        }
        let (learnt, asked) = (train.records, test.records)
        func kept<Element>(_ lists: [[Element]]) -> [[Element]] { lists.indices.map { isKept[$0] ? lists[$0] : [] } }
        var split = OfflineSplit(
            train: EventStream(train) { isKept[Int(learnt[$0].user)] },
            test: EventStream(test) { isKept[Int(asked[$0].user)] }, wanted: kept(wanted),
            wantedRatings: kept(wantedRatings), strangers: strangers)
        split.repeaters = repeaters
        return split
    }

    /// What is learnt and what is asked where each is a stream of its own; the first one takes in the other's events.
    public static func streams(train: EventStream, test: EventStream) -> OfflineSplit {
        let learnt = train.count
        for index in 0..<test.count { train.append(test.event(index)) }
        return OfflineSplit(train) { $0 >= learnt }
    }
}

extension EventStream.Record {
    /// User and item in one number.
    var pair: UInt64 { UInt64(user) << 32 | UInt64(item) }
}
