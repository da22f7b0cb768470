import ContractRuntime
import Generated

/// The approvals that commands need.
struct ApprovalPolicy {
    /// The number of people who must approve a high-risk command; 0 if none need approval.
    let needed: Int

    /// The status of a new command.
    func firstStatus(isHighRisk: Bool) -> CommandStatus { isHighRisk && needed > 0 ? .awaitingApproval : .pending }
}

extension API.Configuration {
    var approval: ApprovalPolicy { ApprovalPolicy(needed: needsApproval ? max(approvers, 1) : 0) }
}

/// The people who know the secret of a principal's token: its owner, and everyone who issued it, directly or through other tokens.
struct TokenHolders {
    /// The owner of the token.
    let owner: String
    /// The names of all of them.
    let names: [String]

    /// The person who knows the secrets of both; nil if two people hold them.
    ///
    /// The holder of `ADMIN_TOKEN` issues the first tokens. Two people with such tokens are independent of each other.
    func person(sharedWith other: TokenHolders) -> String? {
        let isAdmin = [owner, other.owner].contains { $0 == Actor.admin }
        // traps: == also treats canonically equivalent names as one person, so they cannot approve each other's commands.
        return names.first { name in other.names.contains { $0 == name } && (isAdmin || name != Actor.admin) }
    }
}
