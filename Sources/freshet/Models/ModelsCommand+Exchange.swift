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
            + "histories, and a generation that has seen it is trained again, by its own recipe, on what came before: the table and "
            + "--json (`judged`) say which one. Two of one recipe that have both seen it are not compared.",
        arguments: [Argument("first", "A generation's number."), Argument("second", "Another one's.")],
        options: Deployment.options + [json]
    ) { arguments in
        let access = try ModelsAccess(Deployment(arguments))
        let numbers = try ["first", "second"].map { try access.number(arguments.required($0)) }
        let generations = try numbers.map { try access.topic.generation($0) }
        let histories = try access.histories()
        let boundary = GenerationTrial.boundary(histories, of: generations)
        if GenerationTrial.isOfOneRecipe(generations[0], generations[1], after: boundary) {
            try reportOneRecipe(numbers, after: boundary, isJSON: arguments.flag("json"))
            return 0
        }
        let bar = ProgressBar("compare")
        let comparison = try access.trial().compare(
            generations[0], generations[1], histories, after: boundary, progress: { bar.update(share: $0) })
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

    /// Figures of what stands in for two generations of one recipe would be the same twice, whatever the two hold.
    private static func reportOneRecipe(_ numbers: [Int], after boundary: Int64, isJSON: Bool) throws {
        let after = DecisionText.time(boundary)
        if isJSON {
            print(
                try DecisionText.json(["generations": numbers, "after": after, "same_recipe": true] as [String: Any]))
        } else {
            print("same recipe: nothing to compare")
            print("both were trained on what came after \(after), and trained again without it they would be the same")
        }
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
        "import", "Take over an exported generation, or item factors that another library trained.",
        discussion:
            "--generation takes the generation.bin of `models export` whole, with its neighbours, weights and settings: "
            + "that of another deployment, or of this one from before a `reset`. (Which half-life popularity has is a place "
            + "in learning.popularity-half-lives, which should be the same there.) --factors and --ids take another library's factors: users "
            + "are projected anew, and with --users their spread scales the projection. Either passes the same comparison as "
            + "any candidate, on interactions that came after it; where there are too few it is refused, and `models promote` "
            + "serves it all the same.",
        options: Deployment.options + [
            .option("generation", "FILE.bin", "An exported generation; then none of the next four."),
            .option("factors", "FILE.npy", "Item factors, float32 or float64, items × K."),
            .option("users", "FILE.npy", "User factors of the same model, users × K."),
            .option("ids", "FILE", "The id of each item, one a line, in the order of the rows."),
            .option(
                "until", "TIME",
                "The last event time that the factors were trained on (RFC 3339). Unset: that of the "
                    + "first four fifths of the histories, which flatters factors that have seen more."),
            .flag("dry-run", "Compare only, publish nothing."), json,
        ]
    ) { arguments in
        let make = try arguments["generation"].map { try exported($0, arguments) } ?? factors(arguments)
        let access = try ModelsAccess(Deployment(arguments))
        let histories = try access.histories()
        let trial = try access.trial()
        let generation = try make(histories, trial)
        return try CandidateReport(access: access, arguments: arguments).run { serving in
            (generation, trial.judge(generation, histories, serving: serving))
        }
    }

    /// A generation of what was read, for the histories that are there.
    private typealias Making = (TrainingHistories, GenerationTrial) throws -> Generation

    private static func exported(_ file: String, _ arguments: ParsedArguments) throws -> Making {
        for other in ["factors", "users", "ids", "until"] where arguments[other] != nil {
            throw UsageError("--generation and --\(other) exclude each other: an exported generation is whole")
        }
        let generation = try GenerationImport.generation(EvaluateCommand.contents(file), name: file)
        return { histories, _ in
            try checkIdentifiers(generation.items, of: histories.items)
            // A time after all events would keep it from any comparison until they have come so far.
            var manifest = generation.manifest
            manifest.latestTime = min(manifest.latestTime, histories.latestTime)
            return generation.with(manifest: manifest)
        }
    }

    private static func factors(_ arguments: ParsedArguments) throws -> Making {
        guard let file = arguments["factors"], let ids = arguments["ids"] else {
            throw UsageError("--generation is needed, or --factors and --ids")
        }
        let factors = try readFactors(file, users: arguments["users"], ids: ids)
        let named = try arguments["until"].map { try time($0) }
        return { histories, trial in
            let until = named ?? histories.time(ofShare: 0.8)
            if named == nil {
                LineOutput.standardError.write(
                    line: "--until is not given: the factors are taken to include events up to "
                        + "\(DecisionText.time(until)); if they have seen later ones, the comparison flatters them")
            }
            if until > histories.latestTime {
                LineOutput.standardError.write(
                    line: "--until is later than all events: the factors are taken to include those up to "
                        + DecisionText.time(histories.latestTime))
            }
            try checkIdentifiers(factors.ids, of: histories.items)
            guard let generation = factors.generation(histories, until: until, settings: trial.settings) else {
                preconditionFailure("a training that is never cancelled ends with a generation")
            }
            return generation
        }
    }

    /// Says how many ids and items have each other; none would be an import, or a training, of something else.
    static func checkIdentifiers(_ ids: [String], of items: [String], called name: String = "id") throws {
        let known = Set(items)
        let common = ids.count { known.contains($0) }
        guard common > 0 else {
            throw CommandFailure(
                "none of the \(HumanFormat.counted(ids.count, name)) is an item of the histories",
                remedy: "the ids must be the product ids of the events", exitCode: 65)
        }
        LineOutput.standardError.write(
            line: "\(HumanFormat.grouped(common)) of \(HumanFormat.counted(ids.count, name)) are items of the "
                + "histories; \(HumanFormat.grouped(known.count - common)) items of the histories are not among them")
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
