using System.Text.RegularExpressions;

namespace Wolverine.Postgresql;

/// <summary>
/// The tables as the real package makes them for one database and one schema (its <c>db-dump</c>); those of
/// its node assignments, control queue and restrictions are not needed here.
/// </summary>
internal static partial class Schema
{
    public const string Default = "wolverine";

    private static readonly string[] tables =
    [
        "wolverine_outgoing_envelopes", "wolverine_incoming_envelopes", "wolverine_dead_letters",
        "wolverine_nodes",
    ];

    /// <exception cref="ArgumentOutOfRangeException">It would need quotes.</exception>
    public static string Checked(string name) => PlainName().IsMatch(name)
        ? name
        : throw new ArgumentOutOfRangeException(nameof(name), name, "Small letters, digits and _ only.");

    /// <summary>Makes what is missing.</summary>
    public static string Create(string schema) =>
        $"""
        create schema if not exists {schema};
        create table if not exists {schema}.wolverine_outgoing_envelopes (
            id uuid not null,
            owner_id integer not null,
            destination varchar not null,
            deliver_by timestamp with time zone,
            body bytea not null,
            attempts integer default 0,
            message_type varchar not null,
            constraint pkey_wolverine_outgoing_envelopes_id primary key (id)
        );
        create index if not exists idx_wolverine_outgoing_envelopes_owner
            on {schema}.wolverine_outgoing_envelopes (owner_id) where owner_id <> 0;
        create index if not exists idx_wolverine_outgoing_envelopes_recover
            on {schema}.wolverine_outgoing_envelopes (destination) where owner_id = 0;
        create table if not exists {schema}.wolverine_incoming_envelopes (
            id uuid not null,
            status varchar not null,
            owner_id integer not null,
            execution_time timestamp with time zone,
            attempts integer default 0,
            body bytea not null,
            message_type varchar not null,
            received_at varchar,
            keep_until timestamp with time zone,
            constraint pkey_wolverine_incoming_envelopes_id primary key (id)
        );
        create index if not exists idx_wolverine_incoming_envelopes_owner
            on {schema}.wolverine_incoming_envelopes (owner_id) where owner_id <> 0;
        create index if not exists idx_wolverine_incoming_envelopes_recover
            on {schema}.wolverine_incoming_envelopes (received_at) where status = 'Incoming' and owner_id = 0;
        create index if not exists idx_wolverine_incoming_envelopes_keep_until
            on {schema}.wolverine_incoming_envelopes (keep_until) where status = 'Handled';
        create table if not exists {schema}.wolverine_dead_letters (
            id uuid not null,
            execution_time timestamp with time zone,
            body bytea not null,
            message_type varchar not null,
            received_at varchar,
            source varchar,
            exception_type varchar,
            exception_message varchar,
            sent_at timestamp with time zone,
            replayable boolean,
            constraint pkey_wolverine_dead_letters_id primary key (id)
        );
        create index if not exists idx_wolverine_dead_letters_replayable
            on {schema}.wolverine_dead_letters (replayable) where replayable = true;
        create table if not exists {schema}.wolverine_nodes (
            id uuid not null,
            node_number serial not null,
            description varchar not null,
            uri varchar not null,
            started timestamp with time zone not null default now(),
            health_check timestamp with time zone not null default now(),
            version varchar,
            capabilities text[],
            constraint pkey_wolverine_nodes_id primary key (id)
        );
        """;

    public static string Drop(string schema) =>
        string.Concat(tables.Select(table => $"drop table if exists {schema}.{table};"));

    public static string Clear(string schema) =>
        string.Concat(tables.Take(3).Select(table => $"delete from {schema}.{table};"));

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$")]
    private static partial Regex PlainName();
}
