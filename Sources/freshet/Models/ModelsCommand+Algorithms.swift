import Models
import ServiceKit

/// `freshet models algorithms`: what can be trained, and by which settings. It needs no broker.
extension ModelsCommand {
    static let algorithms = Command(
        "algorithms", "List the algorithms that can be trained, or show the settings of one.",
        discussion: "Settings stand behind a model's name, as in `freshet train --model als:factors=64,sweeps=10`, or "
            + "in --set. Each algorithm can be served as a generation: by its item factors, among which each user gets a "
            + "vector for every list, or by its table of similar items. `blend`, what the service trains by itself, takes training.* of the "
            + "configuration instead.",
        arguments: [Argument("name", "An algorithm; unset: all of them.", isRequired: false)], options: [json]
    ) { arguments in
        var types = RecommenderCatalogue.all
        if let name = arguments["name"] {
            if let words = noAlgorithm(name) { throw UsageError(words) }
            guard let type = RecommenderCatalogue.find(name) else {
                throw UsageError.unknown("algorithm", name, among: types.map { $0.name })
            }
            types = [type]
        }
        if arguments.flag("json") {
            for type in types { print(try DecisionText.json(members(type))) }
        } else {
            print(arguments["name"] == nil ? table(types) : types.map(text).joined(), terminator: "")
        }
        return 0
    }

    /// What to look at instead for what `evaluate` and `train` take as a model, and what is no algorithm; nil for others.
    static func noAlgorithm(_ name: String) -> String? {
        let settings = "training.* of the configuration, which `freshet config` prints"
        let learners = ModelChoice.learners.joined(separator: ", ")
        if name == GenerationManifest.blendModel {
            return "the blend is no algorithm: its settings are \(settings), and its learners \(learners)"
        }
        guard ModelChoice.learners.contains(name) else { return nil }
        return "'\(name)' is a learner of the blend and no algorithm of its own: its settings are \(settings)"
    }

    static func table(_ types: [any Recommender.Type]) -> String {
        var table = TextTable([.init("name"), .init("served by"), .init("what it is", widthMax: 90)])
        for type in types { table.append([type.name, served(type), type.summary]) }
        return table.render()
    }

    static func text(_ type: any Recommender.Type) -> String {
        var table = TextTable([
            .init("setting"), .init("default", .right), .init("values"), .init("tune tries"),
            .init("what it is", widthMax: 90),
        ])
        for setting in settings(type) {
            table.append([setting.name, setting.value, setting.values, setting.searched, setting.doc])
        }
        return "\(type.name): \(type.summary); served by \(served(type))\n" + table.render()
    }

    static func members(_ type: any Recommender.Type) -> [String: Any] {
        [
            "name": type.name, "summary": type.summary, "served_by": served(type),
            "settings": settings(type).map {
                ["name": $0.name, "default": $0.value, "values": $0.values, "searched": $0.searched, "summary": $0.doc]
            },
        ]
    }

    private static func served(_ type: any Recommender.Type) -> String {
        if type.isServedByFactors { return "item factors" }
        return type == Popularity.self ? "the blend's counts" : "similar items"
    }

    /// What `set` takes, with the defaults as it takes them.
    private static func settings<R: Recommender>(
        _ type: R.Type
    ) -> [(name: String, value: String, values: String, searched: String, doc: String)] {
        let standard = type.init()
        let own = type.parameters.map {
            (
                name: $0.name, value: $0.domain.text($0.get(standard)), values: "\($0.domain)",
                searched: $0.isSearched ? "\($0.searchDomain)" : "", doc: $0.doc
            )
        }
        return own + [
            ("seed", "\(standard.seed)", "a whole number", "", "of whatever is drawn by chance"),
            ("threads", "\(standard.threads)", "1 to 256", "", "at work at once; the model is the same"),
        ]
    }
}
