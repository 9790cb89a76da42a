internal import Events

extension Ranker {
    /// The first N of the sorted candidates, under the rules.
    func apply(_ rules: RankingRules, _ query: UserQuery, into list: inout [RankedItem]) {
        if rules.perCategoryMax == 0 {
            for candidate in candidates.prefix(rules.listItems) { list.append(candidate.ranked) }
        } else {
            diversify(rules, into: &list)
        }
        if rules.exploration > 0 { explore(rules, query, into: &list) }
    }

    /// Takes candidates in order, at most `perCategoryMax` of a category; what was passed over fills the list up.
    private func diversify(_ rules: RankingRules, into list: inout [RankedItem]) {
        var taken = CategoryWeights()
        var passedOver: [Candidate] = []
        for candidate in candidates {
            if list.count == rules.listItems { return }
            if isFull(candidate.item, rules, taken) {
                passedOver.append(candidate)
            } else {
                taken.add(table.category(candidate.item), 1)
                list.append(candidate.ranked)
            }
        }
        for candidate in passedOver.prefix(rules.listItems - list.count) { list.append(candidate.ranked) }
    }

    /// Whether the item's category has as many places as it may have.
    private func isFull(_ item: Item, _ rules: RankingRules, _ taken: CategoryWeights) -> Bool {
        let category = table.category(item)
        return rules.perCategoryMax > 0 && category != IdentifierTable.none
            && taken.weight(of: category) >= Float(rules.perCategoryMax)
    }

    /// Gives the end of the list to candidates that are drawn by chance: by the query's seed, so that it can be repeated.
    /// None of them is the user's own, and one whose category is full comes after all others. Where they run out, what
    /// stood there stays.
    private func explore(_ rules: RankingRules, _ query: UserQuery, into list: inout [RankedItem]) {
        let drawn = Int((Double(list.count) * rules.exploration).rounded(.down))
        guard drawn > 0 else { return }
        let length = list.count
        let replaced = list.suffix(drawn)
        list.removeLast(drawn)
        let seen = scratch.seen
        var pool = candidates.map(\.ranked).filter { candidate in
            seen[Int(candidate.item)] != stamp && !list.contains { $0.item == candidate.item }
        }
        var taken = CategoryWeights()
        for item in list { taken.add(table.category(item.item), 1) }
        var passedOver: [RankedItem] = []
        var state = query.seed
        for minds in [true, false] {
            while list.count < length, !pool.isEmpty {
                state = Hash64.hash(state, seed: 0x6578_706C)
                var chosen = pool.remove(at: Int(state % UInt64(pool.count)))
                if minds, isFull(chosen.item, rules, taken) {
                    passedOver.append(chosen)
                    continue
                }
                taken.add(table.category(chosen.item), 1)
                chosen.reason = .exploration
                list.append(chosen)
            }
            pool = passedOver
        }
        for item in replaced where list.count < length && !list.contains(where: { $0.item == item.item }) {
            list.append(item)
        }
    }

    /// The user's own items that were not bought: rating first, then the later touch.
    func continueShopping(_ query: UserQuery, into list: inout [RankedItem]) {
        guard rules.continueItems > 0 else { return }
        for place in query.recents.indices where query.states[place] != .purchased {
            guard table.isRecommendable(query.recents[place]) else { continue }
            let reason: Reason = query.states[place] == .inCart ? .inCart : .viewed
            let score = query.ratings[place]
            // Few and nearly sorted: inserted where they belong, later touches before equal ones.
            var position = list.count
            while position > 0, list[position - 1].score < score { position -= 1 }
            guard position < rules.continueItems else { continue }
            list.insert(RankedItem(item: query.recents[place], score: score, reason: reason), at: position)
            if list.count > rules.continueItems { list.removeLast() }
        }
    }
}

extension Ranker.Candidate {
    var ranked: RankedItem { RankedItem(item: item, score: score, reason: reason) }
}
