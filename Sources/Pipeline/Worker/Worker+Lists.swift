internal import Events
internal import FeatureStore
internal import Models

extension Worker {
    /// Ranks the lists of this batch's users, of users whose list was short when the item table has moved since, and of a
    /// bounded number of users whom a new generation or a withdrawn item concerns; sends those that changed.
    func rankTouched() throws(LogError) {
        rankedMilliseconds = 0
        let canRank = itemPhase.isFollowing && models.hasCaughtUp
        guard canRank else { return }
        touchShortLists()
        findWithdrawn()
        touchWaiting()
        let lists = partitions.values.reduce(0) { $0 + $1.touched.count }
        guard lists > 0 else { return }
        let began = clock()
        ranker.begin(generation: serving, blend: settings.blend)
        for partition in partitions.keys.sorted() {
            guard let task = partitions[partition], !task.touched.isEmpty else { continue }
            var start = 0
            while start < task.touched.count {
                let end = min(start + QueryWorkspace.queriesMax, task.touched.count)
                rank(task, start..<end)
                start = end
                // The first lists need not wait for the last ones; where thousands are made, larger requests cost less.
                if lists <= Self.listsSentEarly { try sendOutput() }
                log.serve()
            }
            task.touched.removeAll(keepingCapacity: true)
        }
        noteRanking(lists, since: began)
    }

    private static let listsSentEarly = 512

    /// Some at each move of the item table; all of them, batch by batch, when no events come.
    private func touchShortLists() {
        let hasMoved = items.offset != rankedItemsOffset
        rankedItemsOffset = items.offset
        guard hasMoved || !hasLiveEvents(clock()) else { return }
        for task in partitions.values where task.isLive {
            if hasMoved { task.shortDue = task.short.count }
            let count = min(task.shortDue, settings.shortListsPerBatch)
            guard count > 0 else { continue }
            for user in task.short.prefix(count) where task.store[user].isPresent && task.store[user].isShort {
                task.store.states[Int(user)].isShort = false
                task.touch(user)
            }
            task.short.removeFirst(count)
            task.shortDue -= count
        }
    }

    /// Lists that name an item which the catalogue has withdrawn are made anew, as far as they are known.
    private func findWithdrawn() {
        guard let withdrawn = items.withdrawn, !withdrawn.isEmpty else { return }
        items.withdrawn = []
        for task in partitions.values where task.isLive {
            for user in task.lastLists.owners(ofListsNaming: withdrawn) { queue(task, user) }
        }
    }

    /// Puts a user's list down to be made anew, once until that is done: an item may be withdrawn many times meanwhile.
    func queue(_ task: PartitionTask, _ user: UserStore.User) {
        guard !task.store[user].isQueued else { return }
        task.store.states[Int(user)].isQueued = true
        rerank.append((task.partition, user))
    }

    /// Beside events these lists keep to a rate: as fast as they can be made, they would keep processor, broker and readers
    /// from the events' own for seconds.
    private func touchWaiting() {
        guard !rerank.isEmpty else { return }
        let now = clock()
        var most = settings.reranksPerBatch
        if hasLiveEvents(now) { most = min(most, Int(now - rerankedAt) * settings.reranksPerSecond / 1000) }
        guard most > 0 else { return }
        rerankedAt = now
        var taken = 0
        var count = 0
        while count < most, taken < rerank.count {
            let (partition, user) = rerank[taken]
            taken += 1
            // Who was erased meanwhile waits for nothing.
            guard let task = partitions[partition], task.store[user].isQueued else { continue }
            task.store.states[Int(user)].isQueued = false
            task.touch(user)
            count += 1
        }
        rerank.removeFirst(taken)
    }

    private func rank(_ task: PartitionTask, _ range: Range<Int>) {
        workspace.removeAll()
        var users: [UserStore.User] = []
        for user in task.touched[range] {
            task.store.states[Int(user)].isTouched = false
            let state = task.store[user]
            guard state.isPresent else { continue }
            users.append(user)
            let seed = settings.listSeed(userHash: task.store.identifiers.hash(user), offset: state.offset)
            workspace.add(state, seed: seed, scale: settings.scale, decay: settings.decay)
        }
        workspace.withQueries { queries in
            ranker.rank(queries) { place, list, own in
                publish(task, users[place], queries[place], place, list, own)
            }
        }
    }

    /// Sends a list if it is another one than the last.
    private func publish(
        _ task: PartitionTask, _ user: UserStore.User, _ query: UserQuery, _ place: Int,
        _ list: borrowing [RankedItem], _ own: borrowing [RankedItem]
    ) {
        let states = task.store.states
        if list.count < settings.rules.listItems, !states[Int(user)].isShort {
            states[Int(user)].isShort = true
            task.short.append(user)
        }
        publishFeatures(task, user, query, place)
        task.lastLists.put(list, of: user)
        let hash = hash(list, own)
        guard hash != states[Int(user)].listHash else {
            counters.unchanged += 1
            return
        }
        states[Int(user)].listHash = hash
        counters.lists += 1
        noteActive(task, user)
        guard settings.publishes else { return }
        let id = task.store.identifiers.bytes(user)
        let state = states[Int(user)]
        let provenance = ListProvenance(
            partition: task.partition, offset: state.offset, itemsOffset: items.offset,
            generation: serving?.generation.number)
        publish(.recommendations, task, user) { writer in
            encoder.encode(
                user: id, time: state.latestTime, items: list, own: own, table: items.table, provenance: provenance,
                to: writer)
        }
    }

    /// Remembers who got a list lately, for the next generation.
    private func noteActive(_ task: PartitionTask, _ user: UserStore.User) {
        guard !task.store[user].isActive else { return }
        task.store.states[Int(user)].isActive = true
        guard activeUsers.count == settings.activeUsersMax else { return activeUsers.append((task.partition, user)) }
        let oldest = activeUsers[oldestActiveUser]
        partitions[oldest.partition]?.store.states[Int(oldest.user)].isActive = false
        activeUsers[oldestActiveUser] = (task.partition, user)
        oldestActiveUser = (oldestActiveUser + 1) % activeUsers.count
    }

    /// Those users, the oldest first; from now on there are none.
    func takeActiveUsers() -> [(partition: Int32, user: UserStore.User)] {
        defer {
            activeUsers.removeAll(keepingCapacity: true)
            oldestActiveUser = 0
        }
        return Array(activeUsers[oldestActiveUser...] + activeUsers[..<oldestActiveUser])
    }

    /// Of the ordered items and their reasons, the user's own among them.
    private func hash(_ list: borrowing [RankedItem], _ own: borrowing [RankedItem]) -> UInt64 {
        var sum = UserState.noList
        func add(_ items: borrowing [RankedItem]) {
            for index in items.indices {
                let item = self.items.table.identifiers.hash(items[index].item)
                sum = Hash64.mix(sum ^ item, 0x9E37_79B9_7F4A_7C15 ^ UInt64(items[index].reason.rawValue))
            }
        }
        add(list)
        guard !own.isEmpty else { return sum }
        // A list of others' items is not the same list of own ones.
        sum = Hash64.mix(sum, 0xA076_1D64_78BD_642F)
        add(own)
        return sum
    }

    /// A user's vectors in the served generation's factors; nil without one.
    /// - Parameter place: of the query among those that are being ranked, which have one of the vectors already.
    func vectors(of query: UserQuery, place: Int? = nil) -> UserVectors? {
        guard let serving, let (long, short) = ranker.vectors(query, place: place) else { return nil }
        return UserVectors(generation: serving.generation.number, long: long, short: short)
    }

    private func publishFeatures(
        _ task: PartitionTask, _ user: UserStore.User, _ query: UserQuery, _ place: Int
    ) {
        let state = task.store[user]
        guard settings.publishes,
            state.featuresTime == .min || state.latestTime - state.featuresTime >= settings.featuresIntervalMilliseconds
        else { return }
        task.store.states[Int(user)].featuresTime = state.latestTime
        counters.features += 1
        rowBegins()
        let id = task.store.identifiers.bytes(user)
        publish(.userFeatures, task, user) { writer in
            userFeatures.write(
                user: id, state: state, table: items.table, vectors: vectors(of: query, place: place), to: writer)
        }
    }
}
