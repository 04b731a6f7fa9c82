using JasperFx.Events.Daemon;
using JasperFx.Events.Projections;
using Marten.Events.Daemon.Coordination;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Marten.Events.Daemon.Coordination
{
    /// <summary>The daemon that the host runs.</summary>
    public interface IProjectionCoordinator : IHostedService
    {
        IProjectionDaemon DaemonForMainDatabase();

        /// <summary>Stops every shard, until it is resumed.</summary>
        Task PauseAsync();

        Task ResumeAsync();
    }
}

namespace Marten.AsyncDaemon
{
    /// <summary>
    /// Starts the shards with the host, starts a paused one again after a rest, and under
    /// <see cref="DaemonMode.HotCold"/> only those whose advisory lock this process has. What somebody stops
    /// by hand stays stopped.
    /// </summary>
    internal sealed partial class HostedDaemon(
        DocumentStore store, DaemonMode mode, ILogger<HostedDaemon> logger)
        : IProjectionCoordinator, IAsyncDisposable
    {
        private readonly ProjectionDaemon daemon = new(store, logger);
        private readonly Leases leases = new(store.Parts);
        private CancellationTokenSource? stopping;
        private Task running = Task.CompletedTask;

        private TimeSpan Rest
        {
            get
            {
                var settings = store.Parts.Options.Projections;
                var polling = TimeSpan.FromMilliseconds(settings.LeadershipPollingTime);

                return mode == DaemonMode.HotCold && polling < settings.AgentPauseTime
                    ? polling : settings.AgentPauseTime;
            }
        }

        public IProjectionDaemon DaemonForMainDatabase() => daemon;

        public Task StartAsync(CancellationToken cancellationToken) => ResumeAsync();

        public Task StopAsync(CancellationToken cancellationToken) => PauseAsync();

        public Task ResumeAsync()
        {
            if (mode == DaemonMode.Disabled || stopping is not null) return Task.CompletedTask;

            stopping = new();
            running = Task.Run(() => Supervise(stopping.Token));

            return Task.CompletedTask;
        }

        public async Task PauseAsync()
        {
            if (stopping is null) return;

            await stopping.CancelAsync();
            await running;
            stopping.Dispose();
            stopping = null;
            await daemon.StopAllAsync();
            await leases.GiveBack();
        }

        public async ValueTask DisposeAsync()
        {
            await PauseAsync();
            daemon.Dispose();
        }

        private async Task Supervise(CancellationToken token)
        {
            while (!token.IsCancellationRequested)
            {
                try
                {
                    await store.EnsureSchema(token);
                    foreach (var shard in await Mine(token))
                    {
                        if (IsDue(shard)) await daemon.StartAgentAsync(shard, token);
                    }

                    await Task.Delay(Rest, token);
                }
                catch (Exception) when (token.IsCancellationRequested)
                {
                    return;
                }
                catch (Exception failure)
                {
                    // The shards that run go on by themselves; without the locks they must not.
                    Failed(logger, failure);
                    if (mode == DaemonMode.HotCold) await daemon.StopAllAsync();
                    await leases.GiveBack();
                    await Task.Delay(Rest, token).ContinueWith(_ => { }, TaskScheduler.Default);
                }
            }
        }

        private async Task<IReadOnlyList<ShardName>> Mine(CancellationToken token)
        {
            List<ShardName> all = [.. store.Parts.Options.Projections.Sources
                .Where(source => source.Settings.Lifecycle == ProjectionLifecycle.Async)
                .Select(source => source.Shard)];

            return mode == DaemonMode.HotCold ? await leases.Take(all, token) : all;
        }

        private bool IsDue(ShardName shard) => daemon.Agent(shard.Identity) switch
        {
            null => true,
            { Status: AgentStatus.Paused } agent =>
                agent.PausedFor >= store.Parts.Options.Projections.AgentPauseTime,
            _ => false,
        };

        [LoggerMessage(Level = LogLevel.Error, Message = "The shards could not be started; trying again")]
        private static partial void Failed(ILogger logger, Exception failure);
    }

    /// <summary>Advisory locks of one connection, one for each shard that this process may run.</summary>
    internal sealed class Leases(StoreParts parts)
    {
        private readonly HashSet<ShardName> held = [];
        private NpgsqlConnection? connection;

        /// <summary>Those held already, and those that nobody else holds. Throws when the connection, and
        /// with it every lock, is lost.</summary>
        public async Task<IReadOnlyList<ShardName>> Take(
            IReadOnlyList<ShardName> shards, CancellationToken token)
        {
            connection ??= await parts.Options.DataSource!.OpenConnectionAsync(token);
            foreach (var shard in shards)
            {
                await using var command = held.Contains(shard)
                    ? new NpgsqlCommand("select true", connection)
                    : new NpgsqlCommand("select pg_try_advisory_lock($1, hashtext($2))", connection);
                if (!held.Contains(shard))
                {
                    command.Parameters.Add(new() { Value = parts.Options.Projections.DaemonLockId });
                    command.Parameters.Add(new() { Value = $"{parts.Names.EventSchema}/{shard.Identity}" });
                }

                if ((bool)(await command.ExecuteScalarAsync(token))!) held.Add(shard);
            }

            return [.. held];
        }

        /// <summary>A pooled connection would keep its locks until it is used again.</summary>
        public async Task GiveBack()
        {
            held.Clear();
            if (connection is null) return;

            try
            {
                await using var command = new NpgsqlCommand("select pg_advisory_unlock_all()", connection);
                await command.ExecuteNonQueryAsync();
            }
            catch (Exception broken) when (broken is NpgsqlException or InvalidOperationException)
            {
                // Then the server has let go of them.
            }

            await connection.DisposeAsync();
            connection = null;
        }
    }
}
