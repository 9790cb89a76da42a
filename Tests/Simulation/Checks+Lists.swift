import Events
import Models
@testable import Pipeline

extension Checks {
    /// Every committed list can be made again, none is there twice, and the newest of each user is the right one.
    mutating func checkLists() {
        var lists: [(user: [UInt8], list: PublishedList, bytes: [UInt8])] = []
        var newest: [[UInt8]: (list: PublishedList, bytes: [UInt8])] = [:]
        var seen: [[UInt8]: Set<PublishedList.Identity>] = [:]
        // As they came in, where that may differ from the order of their offsets.
        var last: [[UInt8]: (list: PublishedList, bytes: [UInt8])] = [:]
        var highest: [[UInt8]: Int64] = [:]
        let mayPublishLate = !world.isTransactional && simulation.counts.freezes + simulation.counts.stalls > 0
        for record in broker.partition(.recommendations, 0).committed {
            guard let user = record.key else { continue }
            guard let value = record.value, let list = PublishedList(value) else {
                // Nor from taking a list back that belongs to a newer event: a tombstone does not say which it is of.
                if !mayPublishLate { newest[user] = nil }
                last[user] = nil
                continue
            }
            let name = String(decoding: user, as: UTF8.self)
            if world.isTransactional {
                // A roll-back serves an earlier generation again, and with it lists that were there before another one's.
                let isRolledBack = last[user].map { $0.list.generation != list.generation } ?? false
                if !seen[user, default: []].insert(list.identity).inserted, !isRolledBack {
                    fail("the list of \(name) at \(list.offset) is there twice")
                }
                if list.offset < highest[user] ?? -1 {
                    fail("the lists of \(name) go back from \(highest[user] ?? -1) to \(list.offset)")
                }
            }
            last[user] = (list, value)
            // Without transactions nothing keeps a process that stood still from publishing an older list late.
            if mayPublishLate, list.offset < highest[user] ?? -1 { continue }
            highest[user] = max(list.offset, highest[user] ?? -1)
            newest[user] = (list, value)
            lists.append((user, list, value))
        }
        checkProvenance(lists)
        checkNewest(newest, orElse: mayPublishLate ? last : nil)
    }

    private mutating func checkProvenance(_ lists: [(user: [UInt8], list: PublishedList, bytes: [UInt8])]) {
        let maker = makeMaker()
        var checked: Set<[UInt8]> = []
        for (user, list, bytes) in lists.sorted(by: { $0.list.itemsOffset < $1.list.itemsOffset })
        where checked.insert(bytes).inserted {
            let what =
                "the list of \(String(decoding: user, as: UTF8.self)) at \(list.partition)@\(list.offset), "
                + "items \(list.itemsOffset), generation \(list.generation)"
            let origin = Reference.Origin(partition: list.partition, offset: list.offset)
            guard let moment = reference.moments[origin], moment.user == user else {
                fail("\(what) names an offset that is not an event of the user")
                continue
            }
            do {
                try maker.advance(to: list.itemsOffset)
                let again = try maker.make(moment, list, generation: list.generation)
                if again?.bytes != bytes {
                    fail(
                        "\(what) cannot be made again:\n    \(String(decoding: bytes, as: UTF8.self))\n    "
                            + String(decoding: again?.bytes ?? [], as: UTF8.self))
                }
            } catch {
                fail("\(what): \(error)")
            }
        }
    }

    /// The newest list includes the user's last event, or that event left the list as it was.
    private mutating func checkNewest(
        _ newest: [[UInt8]: (list: PublishedList, bytes: [UInt8])],
        orElse last: [[UInt8]: (list: PublishedList, bytes: [UInt8])]?
    ) {
        var gone = Set(newest.keys)
        for (partition, store) in reference.stores.sorted(by: { $0.key < $1.key }) {
            for number in 0..<store.upperBound where store[UserStore.User(number)].isPresent {
                let user = Array(store.identifiers.bytes(UserStore.User(number)))
                let end = store[UserStore.User(number)].offset
                gone.remove(user)
                guard let violation = violation(user, partition, end, newest[user]) else { continue }
                if let last, self.violation(user, partition, end, last[user]) == nil { continue }
                fail(violation)
            }
        }
        let counts = simulation.counts
        if !world.isTransactional, counts.freezes + counts.stalls > 0 { return }
        for user in gone {
            fail("the list of \(String(decoding: user, as: UTF8.self)), who is deleted, is still there")
        }
    }

    /// What is wrong with a user's list, if anything is: it is of the last event, or what that event makes.
    private func violation(
        _ user: [UInt8], _ partition: Int32, _ last: Int64, _ found: (list: PublishedList, bytes: [UInt8])?
    ) -> String? {
        if let found, found.list.offset == last { return nil }
        let name = String(decoding: user, as: UTF8.self)
        guard let moment = reference.moments[Reference.Origin(partition: partition, offset: last)] else {
            return "the last event of \(name) is not known"
        }
        let expected = found.map { ListMaker.items($0.bytes) } ?? []
        let maker = makeMaker()
        var list = found?.list ?? PublishedList(partition: partition, offset: last)
        let end = broker.partition(.itemLog, 0).stableEnd
        let generations = [Int64(-1)] + simulation.generations.published.map { Int64($0.number) }
        list.offset = last
        do {
            var offset = max(list.itemsOffset, 0)
            while offset <= end {
                try maker.advance(to: offset)
                // Any of them: one may have been pinned.
                for generation in generations {
                    if try maker.make(moment, list, generation: generation)?.items == expected { return nil }
                }
                offset += 1
            }
        } catch {
            return "the list of \(name): \(error)"
        }
        let now = (try? maker.make(moment, list, generation: generations.last ?? -1)?.items) ?? nil
        return
            "the newest list of \(name) is of offset \(found?.list.offset ?? -1), its last event at \(last) changes it: "
            + "\(expected) before, now \(now ?? [])"
    }

    private func makeMaker() -> ListMaker {
        ListMaker(
            world, itemLog: broker.partition(.itemLog, 0).everCommitted, generations: simulation.generations.published)
    }
}

extension PublishedList {
    /// For a user that never had a list.
    init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
        itemsOffset = 0
        generation = -1
    }
}
