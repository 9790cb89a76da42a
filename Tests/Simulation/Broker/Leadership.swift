/// Who leads: one member at a time, until it has been silent for longer than its session.
///
/// The group of the item log's single partition, made as simple as can be: what matters is that the last leader may not
/// know yet.
final class Leadership {
    private let time: VirtualTime
    private let sessionTimeout: Int
    private(set) var holder: SimulatedLog?
    /// Grows with each change of the leader.
    private(set) var term = 0

    init(time: VirtualTime, sessionTimeout: Int) {
        self.time = time
        self.sessionTimeout = sessionTimeout
    }

    /// The term of the one that asks, if it leads; it may become the leader by asking.
    func ask(_ session: SimulatedLog) -> Int? {
        if holder === session { return term }
        guard holder == nil else { return nil }
        holder = session
        term += 1
        return term
    }

    /// The holder's process fell silent or is gone.
    func silence(of session: SimulatedLog) {
        guard holder === session else { return }
        let at = term
        time.after(sessionTimeout) { [self] in
            if holder === session, term == at, session.isSilent { holder = nil }
        }
    }

    /// Another may lead from now on, whatever the present leader thinks.
    func depose() { holder = nil }
}
