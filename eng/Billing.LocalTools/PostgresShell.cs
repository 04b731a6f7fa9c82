namespace Billing.LocalTools;

/// <summary>The shell around a PostgreSQL server.</summary>
internal static class PostgresShell
{
    /// <summary>Environment: non-empty when the server is to stop at the end of standard input.</summary>
    public const string Lifeline = "BILLING_POSTGRES_LIFELINE";

    /// <summary>Environment: a folder to remove when the server has stopped.</summary>
    public const string Throwaway = "BILLING_POSTGRES_THROWAWAY";

    // PostgreSQL takes SIGTERM as "when all clients have left"; SIGINT is "now, in order". The signal is
    // repeated, because a shell starts background commands deaf to SIGINT until they install a handler of
    // their own.
    public const string Script =
        """
        export LC_ALL=C
        cd /
        server=
        stopping=
        stop() {
          stopping=yes
          [ -n "$server" ] && (while kill -INT "$server" 2>/dev/null; do sleep 0.2; done) &
        }
        trap '' INT
        trap stop TERM HUP
        exec 3<&0
        "$@" </dev/null 3<&- &
        server=$!
        [ -z "$stopping" ] || stop
        if [ -n "$BILLING_POSTGRES_LIFELINE" ]; then
          (trap - TERM; while read -r nothing <&3; do :; done; kill -TERM $$) &
          lifeline=$!
        fi
        exec 3<&-
        code=1
        while kill -0 "$server" 2>/dev/null; do
          wait "$server"
          code=$?
        done
        [ -z "$lifeline" ] || kill -TERM "$lifeline" 2>/dev/null
        [ -z "$BILLING_POSTGRES_THROWAWAY" ] || rm -rf "$BILLING_POSTGRES_THROWAWAY"
        exit $code
        """;
}
