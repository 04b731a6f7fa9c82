namespace Billing.Contracts;

/// <summary>The four PostgreSQL roles that every service's database has (docs/adr/0009).</summary>
public static class DatabaseRoles
{
    /// <summary>Owns the tables. Only the migration run and rebuilds use it.</summary>
    public const string Owner = "owner";

    /// <summary>Batches, projections and the relay. All tenants; never updates or deletes a fact.</summary>
    public const string Writer = "writer";

    /// <summary>
    /// HTTP questions. Sees the one tenant that its transaction names, and nothing without one.
    /// </summary>
    public const string Reader = "reader";

    /// <summary>Finance and operations. All tenants, reading only.</summary>
    public const string Staff = "staff";

    public static IReadOnlyList<string> All { get; } = [Owner, Writer, Reader, Staff];
}
