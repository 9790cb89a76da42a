internal import Evaluation
internal import Events
internal import ServiceKit

/// `freshet data stats`
enum DataStatistics {
    static let command = Command(
        "stats", "Say what a data set is like.", arguments: [DataCommand.file],
        options: [DataCommand.ratings, .flag("json", "Print one JSON object.")]
    ) { arguments in
        let stream = try EvaluateCommand.readStream(arguments.required("file"), rule: DataCommand.rule(arguments))
        let statistics = StreamStatistics(stream)
        print(arguments.flag("json") ? json(statistics) + "\n" : text(statistics), terminator: "")
        return 0
    }

    private static let shares = [
        ("least", 0), ("25%", 0.25), ("half", 0.5), ("75%", 0.75), ("90%", 0.9), ("99%", 0.99),
        ("most", 1),
    ]

    static func json(_ statistics: StreamStatistics) -> String {
        var object = JSONObject()
        object.add("users", statistics.users)
        object.add("items", statistics.items)
        object.add("events", statistics.events)
        object.add("pairs", statistics.pairs)
        var types = JSONObject()
        for type in EventType.allCases { if let count = statistics.types[type] { types.add(type.name, count) } }
        object.add("types", types)
        if let times = statistics.times {
            object.add("from", EventLayout.time(times.lowerBound))
            object.add("to", EventLayout.time(times.upperBound))
        }
        object.add("density", statistics.density)
        object.add("repeat_share", statistics.repeatShare)
        object.add("targets", statistics.targets)
        object.add("new_target_share", statistics.newTargetShare)
        for (name, counts) in [
            ("items_of_users", statistics.itemsOfUsers), ("users_of_items", statistics.usersOfItems),
        ] {
            var percentiles = JSONObject()
            for (title, share) in shares { percentiles.add(title, StreamStatistics.percentile(share, of: counts)) }
            object.add(name, percentiles)
        }
        return object.text
    }

    static func text(_ statistics: StreamStatistics) -> String {
        func percent(_ share: Double, _ digits: Int = 1) -> String {
            HumanFormat.fixed(100 * share, digits: digits) + "%"
        }
        let types = EventType.allCases.compactMap { type in
            statistics.types[type].map { "\(type.name) \(HumanFormat.grouped($0))" }
        }
        var rows = [
            ("users", HumanFormat.grouped(statistics.users)), ("items", HumanFormat.grouped(statistics.items)),
            ("events", "\(HumanFormat.grouped(statistics.events)) (\(types.joined(separator: ", ")))"),
            (
                "pairs",
                "\(HumanFormat.grouped(statistics.pairs)) different, \(percent(statistics.density, 3)) of all possible"
            ), ("repeats", "\(percent(statistics.repeatShare)) of the events"),
            (
                "targets",
                "\(HumanFormat.counted(statistics.targets, "new item")) of known users after the first fifth, "
                    + "\(percent(statistics.newTargetShare)) of them never seen before"
            ),
        ]
        if let times = statistics.times, times.upperBound > 0 {
            let span = HumanFormat.duration(.milliseconds(times.upperBound - times.lowerBound))
            rows.insert(
                (
                    "time",
                    "\(EventLayout.time(times.lowerBound)) to \(EventLayout.time(times.upperBound)) (\(span))"
                ), at: 3)
        }
        var table = TextTable([.init("")] + shares.map { .init($0.0, .right) })
        for (title, counts) in [
            ("items of a user", statistics.itemsOfUsers), ("users of an item", statistics.usersOfItems),
        ] {
            table.append(
                [title] + shares.map { HumanFormat.grouped(StreamStatistics.percentile($0.1, of: counts)) })
        }
        return rows.map { $0.0 + String(repeating: " ", count: 9 - $0.0.count) + $0.1 + "\n" }.joined() + "\n"
            + table.render(style: Style(for: .standardOutput))
    }
}
