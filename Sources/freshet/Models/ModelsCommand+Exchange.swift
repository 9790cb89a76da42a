import Events
import Foundation
import Linear
import Models
import Pipeline
import ServiceKit

/// `freshet models compare`, `export` and `import`.
extension ModelsCommand {
    static let compare = Command(
        "compare", "Compare the lists of two generations on held-out interactions.",
        discussion: "On what came after both were trained; where that is too little, on the latest tenth of the "
            + "histories, and a generation that has seen it is trained again, by its own recipe, on what came before.",
        arguments: [Argument("first", "A generation's number."), Argument("second", "Another one's.")],
        options: Deployment.options + [json]
    ) { arguments in
        let access = try ModelsAccess(Deployment(arguments))
        let numbers = try ["first", "second"].map { try access.number(arguments.required($0)) }
        let generations = try numbers.map { try access.topic.generation($0) }
        let histories = try access.histories()
        let bar = ProgressBar("compare")
        let comparison = try access.trial().compare(
            generations[0], generations[1], histories,
            after: GenerationTrial.boundary(histories, of: generations),
            progress: { bar.update(share: $0) })
        bar.finish()
        guard let comparison else {
            throw CommandFailure(
                "an imported generation has seen the latest interactions, and cannot be trained again without them",
                remedy: "wait for more events, then compare", exitCode: 65)
        }
        if arguments.flag("json") {
            var members = DecisionText.members(comparison)
            members["generations"] = numbers
            print(try DecisionText.json(members))
        } else {
            print(DecisionText.table(comparison, "\(numbers[0])", "\(numbers[1])"))
        }
        return 0
    }

    static let export = Command(
        "export", "Write a generation to files that NumPy and other programs read.",
        discussion: "items.npy (float32, items × K), neighbours.npy (int32, −1 for none) and neighbour_weights.npy "
            + "(float32), ids.txt (one a row), manifest.json, and generation.bin with FORMAT.txt, which says what it is.",
        arguments: [number],
        options: Deployment.options + [
            .option("to", "DIR", "A directory; made where it is missing.", default: "."),
            .flag("force", "Write over files that are there."),
        ]
    ) { arguments in
        let access = try ModelsAccess(Deployment(arguments))
        let generation = try access.topic.generation(access.number(arguments.required("number")))
        let directory = arguments.required("to")
        let files = try GenerationExport.files(generation)
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure("cannot write to '\(directory)': \(error.localizedDescription)", exitCode: 73)
        }
        func path(_ name: String) -> String {
            URL(fileURLWithPath: directory).appendingPathComponent(name).path
        }
        for (name, _) in files { try OutputFile.check(path(name), replaces: arguments.flag("force")) }
        for (name, bytes) in files {
            let file = try OutputFile(path(name))
            try file.write { $0 += bytes }
            try file.finish()
        }
        print("generation \(generation.number): \(files.map(\.name).joined(separator: ", ")) in \(directory)")
        return 0
    }

    static let importing = Command(
        "import", "Take over item factors that another library trained, as a generation.",
        discussion:
            "They pass the same comparison as any candidate, on interactions that came after --until. Users are "
            + "projected anew; with --users their spread scales the projection.",
        options: Deployment.options + [
            .option("factors", "FILE.npy", "Required: item factors, float32 or float64, items × K."),
            .option("users", "FILE.npy", "User factors of the same model, users × K."),
            .option("ids", "FILE", "Required: the id of each item, one a line, in the order of the rows."),
            .option(
                "until", "TIME",
                "The last event time that the factors were trained on (RFC 3339). Unset: that of the "
                    + "first four fifths of the histories, which flatters factors that have seen more."),
            .flag("dry-run", "Compare only, publish nothing."), json,
        ]
    ) { arguments in
        guard let file = arguments["factors"], let ids = arguments["ids"] else {
            throw UsageError("--factors and --ids are needed")
        }
        let factors = try readFactors(file, users: arguments["users"], ids: ids)
        let access = try ModelsAccess(Deployment(arguments))
        let histories = try access.histories()
        let until = try arguments["until"].map { try time($0) } ?? histories.time(ofShare: 0.8)
        if arguments["until"] == nil {
            Logger(label: "freshet.models").warning(
                "--until is not given: the factors are taken to include events up to \(DecisionText.time(until)); if they have seen later ones, the comparison flatters them"
            )
        }
        if until > histories.latestTime {
            Logger(label: "freshet.models").warning(
                "--until is later than all events: the factors are taken to include those up to \(DecisionText.time(histories.latestTime))"
            )
        }
        try checkIdentifiers(factors.ids, of: histories.items)
        let trial = try access.trial()
        guard let generation = factors.generation(histories, until: until, settings: trial.settings) else {
            preconditionFailure("a training that is never cancelled ends with a generation")
        }
        return try CandidateReport(access: access, arguments: arguments).run { serving in
            (generation, trial.judge(generation, histories, serving: serving))
        }
    }

    /// Says how many ids and items have each other; none would be an import of something else.
    private static func checkIdentifiers(_ ids: [String], of items: [String]) throws {
        let known = Set(items)
        let common = ids.count { known.contains($0) }
        guard common > 0 else {
            throw CommandFailure(
                "none of the \(HumanFormat.counted(ids.count, "id")) is an item of the histories",
                remedy: "ids.txt must have the product ids of the events", exitCode: 65)
        }
        LineOutput.standardError.write(
            line: "\(HumanFormat.grouped(common)) of \(HumanFormat.counted(ids.count, "id")) are items of the "
                + "histories; \(HumanFormat.grouped(known.count - common)) items of the histories have no factors")
    }

    private static func time(_ text: String) throws -> Int64 {
        var text = text
        let found = text.withUTF8 { EventTime.milliseconds(UnsafeRawBufferPointer($0)) }
        guard let found else { throw UsageError("'\(text)' is no time such as 2026-01-31T12:00:00Z") }
        return found
    }

    private static func readFactors(_ file: String, users: String?, ids: String) throws -> ImportedFactors {
        var lines = String(decoding: try EvaluateCommand.contents(ids), as: UTF8.self).textLines.map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        let items = try matrix(file)
        let userMatrix = try users.map { try matrix($0) }
        do {
            return try ImportedFactors(items: items, users: userMatrix, ids: lines)
        } catch {
            throw CommandFailure("\(error)", exitCode: 65)
        }
    }

    private static func matrix(_ file: String) throws -> Matrix {
        let data = try EvaluateCommand.contents(file)
        do {
            return try data.withUnsafeBytes { try NPYArray($0) }.matrix()
        } catch {
            throw CommandFailure("'\(file)' cannot be read: \(error)", exitCode: 65)
        }
    }
}
