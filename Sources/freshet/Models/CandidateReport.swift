import Models
import Pipeline
import ServiceKit

/// The end of `models import` and `train`: says what was decided, and publishes unless it is a dry run.
struct CandidateReport {
    let access: ModelsAccess
    let arguments: ParsedArguments

    /// - Returns: the exit code: 0 where the generation was promoted, 1 where it was refused.
    func finish(_ generation: Generation, _ decision: GenerationDecision) throws -> Int32 {
        let isDry = arguments.flag("dry-run")
        // How far the stream had come is the leader's to know: this one counts as trained with the one that serves.
        let events = try access.topic.serving()?.manifest.events ?? 0
        let decided = isDry ? decision : try access.topic.publish(generation.noting(events: events), decision)
        if arguments.flag("json") {
            var members = DecisionText.members(decided)
            members["published"] = !isDry
            if isDry { members["generation"] = nil }
            print(try DecisionText.json(members))
        } else {
            if let comparison = decided.comparison {
                let serving = decided.serving.map { "\($0), which serves" } ?? "none"
                print(DecisionText.table(comparison, "the candidate (\(decided.model))", serving))
            }
            if isDry {
                print(
                    "not published (--dry-run); it would be \(decided.isPromoted ? "promoted" : "refused"): "
                        + decided.reason.text)
            } else {
                print(DecisionText.verdict(decided))
                if !decided.isPromoted {
                    print("`freshet models promote \(decided.number)` serves it all the same")
                }
            }
        }
        return decided.isPromoted ? 0 : 1
    }
}
