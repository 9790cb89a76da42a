import Models
import Pipeline
import ServiceKit

/// The end of `models import` and `train`: publishes unless it is a dry run, and says what was decided.
struct CandidateReport {
    let access: ModelsAccess
    let arguments: ParsedArguments

    private static let attemptsMax = 3

    /// Makes a candidate beside what is served, and publishes it; once more where the leader promotes another one
    /// meanwhile.
    ///
    /// - Parameter make: a candidate and the decision about it, compared with the given generation.
    /// - Returns: the exit code: 0 where it was promoted, 1 where it was refused.
    func run(_ make: (Generation?) throws -> GenerationTrial.Outcome) throws -> Int32 {
        for _ in 0..<Self.attemptsMax {
            try access.topic.refresh()
            let serving = try access.topic.serving()
            let (generation, decision) = try make(serving)
            if arguments.flag("dry-run") { return try report(decision, isDry: true) }
            // How far the stream had come is the leader's to know: this one counts as trained with the one that serves.
            let noted = generation.noting(events: serving?.manifest.events ?? 0)
            try GenerationImport.check(noted)
            if let published = try access.topic.publish(noted, decision) { return try report(published, isDry: false) }
            LineOutput.standardError.write(
                line: "another generation was promoted meanwhile: comparing with that one")
        }
        throw CommandFailure(
            "the leader promoted another generation \(Self.attemptsMax) times while this one was being compared",
            remedy: "try again; --set training.enabled=false on the instances stops the leader's training", exitCode: 75
        )
    }

    private func report(_ decided: GenerationDecision, isDry: Bool) throws -> Int32 {
        if arguments.flag("json") {
            var members = DecisionText.members(decided)
            members["published"] = !isDry
            if isDry { members["generation"] = nil }
            print(try DecisionText.json(members))
        } else {
            if let comparison = decided.comparison {
                let serving = decided.serving.map { "\($0), which serves" } ?? "without a generation"
                print(DecisionText.table(comparison, "the candidate (\(decided.model))", serving))
            }
            if isDry {
                print(
                    "not published (--dry-run); it would be \(decided.isPromoted ? "promoted" : "refused"): "
                        + decided.reason.text)
            } else {
                print(DecisionText.verdict(decided))
                if !decided.isPromoted {
                    print(
                        "`freshet models promote \(decided.number)` serves it all the same; "
                            + "it is kept until another one is refused")
                }
            }
        }
        return decided.isPromoted ? 0 : 1
    }
}
