import Models
import Pipeline
import ServiceKit

/// `freshet models …`: what was trained, how it was judged, what is served.
enum ModelsCommand {
    static let command = Command(
        "models", "Look at generations of models, compare them, and say which one is served.",
        discussion: "Kept are the \(GenerationRecords.promotedKept) generations that were promoted last, beside the "
            + "one that is served, the one that is pinned and the one refused last: a rollback reaches "
            + "\(GenerationRecords.promotedKept - 1) promotions back. Decisions are kept longer.",
        subcommands: [list, show, compare, promote, rollback, pin, export, importing, algorithms])

    static let json = Option.flag("json", "Print JSON.")
    static let number = Argument("number", "A generation's number, as `models list` shows it.")

    private static let list = Command(
        "list", "List what was decided about each generation, the newest first.",
        discussion: "NDCG@20 is that of the generation beside the one that served then, on the same held-out "
            + "interactions; the difference has a 95% paired bootstrap interval.",
        options: Deployment.options + [json]
    ) { arguments in
        let shelf = try ModelsAccess(Deployment(arguments)).topic.shelf
        let numbers = Set(shelf.decisions.keys).union(shelf.whole).sorted(by: >)
        if arguments.flag("json") {
            for number in numbers {
                var members = shelf.decisions[number].map { DecisionText.members($0) } ?? ["generation": number]
                members["state"] = state(number, shelf)
                print(try DecisionText.json(members))
            }
            return 0
        }
        var table = TextTable([
            .init("generation", .right), .init("model"), .init("state"), .init("NDCG@20", .right),
            .init("serving", .right), .init("difference"), .init("cases", .right), .init("why"),
        ])
        for number in numbers {
            let decision = shelf.decisions[number]
            let comparison = decision?.comparison
            let figures = comparison.flatMap { $0.cases > 0 ? $0 : nil }
            table.append([
                "\(number)", decision?.model ?? "?", state(number, shelf),
                figures.map { DecisionText.figure($0.candidate.ndcg) } ?? "–",
                figures.map { DecisionText.figure($0.serving.ndcg) } ?? "–",
                figures.map { DecisionText.interval($0.difference) } ?? "–",
                comparison.map { "\($0.cases)" } ?? "–", decision?.reason.text ?? "not decided",
            ])
        }
        if !numbers.isEmpty { print(table.render(), terminator: "") }
        if let silence = shelf.silence {
            print(silence)
        } else if numbers.isEmpty {
            print("no generation yet: `freshet serve` trains one, or `freshet train`")
        }
        if let pinned = shelf.pinned { print("pinned: \(pinned) (`freshet models pin none` ends that)") }
        return 0
    }

    /// What became of a generation.
    static func state(_ number: Int, _ shelf: GenerationShelf) -> String {
        if shelf.choice?.number == number { return shelf.pinned == number ? "serving, pinned" : "serving" }
        if shelf.promoted.contains(number) { return "promoted" }
        let isPromoted = shelf.decisions[number]?.isPromoted == true
        guard shelf.whole.contains(number) else { return isPromoted ? "gone" : "refused, gone" }
        return shelf.undecided.contains(number) ? "not decided" : "refused"
    }

    private static let show = Command(
        "show", "Show a generation: what it was trained on, its settings and weights, and how it was judged.",
        arguments: [number], options: Deployment.options + [json]
    ) { arguments in
        let access = try ModelsAccess(Deployment(arguments))
        let topic = access.topic
        let number = try access.number(arguments.required("number"))
        let generation = try topic.generation(number)
        let decision = topic.shelf.decisions[number]
        if arguments.flag("json") {
            var members = ManifestText.members(generation)
            if let decision { members["decision"] = DecisionText.members(decision) }
            members["state"] = state(number, topic.shelf)
            print(try DecisionText.json(members))
            return 0
        }
        print("generation \(number) (\(generation.manifest.model)): \(state(number, topic.shelf))")
        for line in ManifestText.lines(generation) { print(line) }
        if let decision {
            print("decided     \(decision.isPromoted ? "promoted" : "refused"), \(decision.reason.text)")
            if let comparison = decision.comparison {
                print(
                    DecisionText.table(
                        comparison, "\(number)",
                        decision.serving.map { "\($0), which served then" } ?? "without a generation"))
            }
        }
        return 0
    }

    private static let promote = Command(
        "promote",
        "Promote a generation by hand, whatever was decided: unless another one is pinned, it is served until a newer one "
            + "is promoted.",
        arguments: [number], options: Deployment.options
    ) { arguments in
        let access = try ModelsAccess(Deployment(arguments))
        let number = try access.number(arguments.required("number"))
        try access.topic.promote(number)
        report(access.topic, promoted: number)
        return 0
    }

    private static let rollback = Command(
        "rollback", "Serve the generation that was promoted before the present one, and stay with it.",
        discussion: "Training goes on, and newer generations are promoted, but not served before "
            + "`freshet models pin none`.",
        options: Deployment.options
    ) { arguments in
        let topic = try ModelsAccess(Deployment(arguments)).topic
        _ = try topic.rollBack()
        report(topic)
        return 0
    }

    private static let pin = Command(
        "pin", "Serve a promoted generation whatever is promoted later; `none` ends that.",
        arguments: [Argument("number", "A promoted generation's number, or none.")], options: Deployment.options
    ) { arguments in
        let access = try ModelsAccess(Deployment(arguments))
        let word = arguments.required("number")
        try access.topic.pin(word == "none" ? nil : access.number(word))
        report(access.topic)
        return 0
    }

    private static func report(_ topic: ModelsTopic, promoted number: Int? = nil) {
        for line in standing(topic.shelf, promoted: number) { print(line) }
    }

    /// What is served from now on.
    /// - Parameter number: what has just been promoted: it may have no effect.
    static func standing(_ shelf: GenerationShelf, promoted number: Int? = nil) -> [String] {
        guard let choice = shelf.choice else { return ["no generation is served"] }
        let isPinned = shelf.pinned == choice.number
        let served =
            "generation \(choice.number) is served"
            + (isPinned ? " until `freshet models pin none`" : " until a newer one is promoted")
        guard isPinned else { return [served] }
        if let number, number != choice.number {
            return [
                "generation \(number) is promoted, but has no effect until the pin is lifted: generation "
                    + "\(choice.number) is pinned",
                served,
            ]
        }
        return [served + ": it is pinned, and what is promoted has no effect before"]
    }
}
