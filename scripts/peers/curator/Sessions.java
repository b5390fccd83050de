import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.cache.CuratorCache;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;

/** What becomes of sessions: the ensemble's members, a server that is killed, and the end. */
final class Sessions {
    private Sessions() {}

    static void all(CuratorFramework a, String servers) throws Exception {
        members(a, servers);
        killed(a, servers);
        serverKilled(a, servers);
        expired(a, servers);
        Transcript.op("what is left", () -> Znodes.children(a, "/"));
    }

    private static void members(CuratorFramework a, String servers) throws Exception {
        Transcript.say("# members");
        Transcript.await("the members", () -> !a.getCurrentConfig().getAllMembers().isEmpty());
        Transcript.op("members", () -> a.getCurrentConfig().getAllMembers().size());
        Transcript.op("voters", () -> a.getCurrentConfig().getVotingMembers().size());
        Transcript.op("the address for clients is told", () -> a.getCurrentConfig().getAllMembers().values().stream().filter(m -> m.clientAddr != null).count());
        Transcript.op("the servers are those that were named", () -> {
            Set<String> now = new TreeSet<>(Arrays.asList(a.getZookeeperClient().getCurrentConnectionString().split(",")));
            return now.equals(new TreeSet<>(Arrays.asList(servers.split(","))));
        });
    }

    /** A participant is killed: what it held goes to who waits, after its time. */
    private static void killed(CuratorFramework a, String servers) throws Exception {
        Transcript.say("# a participant is killed");
        a.create().forPath("/killed");
        Transcript.Events seen = new Transcript.Events();
        try (Victim victim = new Victim(servers, "/killed", 4_000); LeaderLatch latch = new LeaderLatch(a, "/killed/latch", "survivor")) {
            a.sync().forPath("/killed");
            latch.start();
            Transcript.op("it leads", () -> latch.getLeader().getId());
            Transcript.op("it has the mutex", () -> new InterProcessMutex(a, "/killed/mutex").acquire(100, TimeUnit.MILLISECONDS));
            a.checkExists().usingWatcher((Watcher) e -> seen.note(Watching.event(e))).forPath("/killed/ephemeral");
            victim.kill();
            seen.tell("its ephemeral", 1);
            Transcript.op("the survivor leads", () -> latch.await(Transcript.PATIENCE, TimeUnit.SECONDS));
            Transcript.op("the mutex is free", () -> new InterProcessMutex(a, "/killed/mutex").acquire(Transcript.PATIENCE, TimeUnit.SECONDS));
        }
        Transcript.op("clear", () -> a.delete().deletingChildrenIfNeeded().forPath("/killed"));
    }

    /** The server that a session is on is killed: the session moves, and misses nothing. */
    private static void serverKilled(CuratorFramework a, String servers) throws Exception {
        Transcript.say("# the server is killed");
        List<String> states = new ArrayList<>();
        CountDownLatch back = new CountDownLatch(1);
        Transcript.Events seen = new Transcript.Events();
        String victim = servers.split(",")[2];
        String others = servers.substring(0, servers.lastIndexOf(','));
        try (CuratorFramework b = Peer.connect(CuratorFrameworkFactory.builder().connectString(victim).ensembleTracker(false), 30_000);
            CuratorFramework c = Peer.connect(CuratorFrameworkFactory.builder().connectString(others).ensembleTracker(false), 30_000);
            CuratorCache cache = Caches.noting(b, "/moved", seen)) {
            seen.tell("nothing is there", 1);
            b.create().forPath("/moved", Znodes.bytes("0"));
            b.create().withMode(CreateMode.EPHEMERAL).forPath("/moved/ephemeral");
            b.create().forPath("/moved/goes");
            seen.tell("created", 3);
            b.getConnectionStateListenable().addListener((client, state) -> {
                states.add(state.toString());
                if (state == ConnectionState.RECONNECTED) {
                    back.countDown();
                }
            });
            b.getData().usingWatcher((Watcher) e -> {
                if (e.getType() != Watcher.Event.EventType.None) { // the connection has its own listener
                    seen.note("once: " + Watching.event(e));
                }
            }).forPath("/moved/goes");
            long session = b.getZookeeperClient().getZooKeeper().getSessionId();
            Transcript.order("kill " + victim);
            c.setData().forPath("/moved", Znodes.bytes("1"));
            c.create().forPath("/moved/comes", Znodes.bytes("x"));
            c.delete().forPath("/moved/goes");
            b.getZookeeperClient().getZooKeeper().updateServerList(others);
            Transcript.op("it is back", () -> back.await(Transcript.PATIENCE, TimeUnit.SECONDS));
            Transcript.op("as", () -> states);
            Transcript.op("the session is the same", () -> b.getZookeeperClient().getZooKeeper().getSessionId() == session);
            seen.tellSorted("what it had missed", 4);
            Transcript.op("its ephemeral is there", b, () -> b.checkExists().forPath("/moved/ephemeral"));
            c.setData().forPath("/moved/comes", Znodes.bytes("y"));
            seen.tell("a change", 1);
            c.create().forPath("/moved/comes/in", Znodes.bytes("z"));
            seen.tell("a creation", 1);
            Transcript.order("start " + victim);
        }
        Transcript.op("clear", () -> a.delete().deletingChildrenIfNeeded().forPath("/moved"));
    }

    /** A session ends while its owner lives: what is to stay is made again. */
    private static void expired(CuratorFramework a, String servers) throws Exception {
        Transcript.say("# a session is ended");
        Transcript.Events states = new Transcript.Events();
        try (CuratorFramework b = Peer.connect(servers);
            PersistentNode node = new PersistentNode(b, CreateMode.EPHEMERAL, false, "/expired/stays", Znodes.bytes("x"));
            LeaderLatch latch = new LeaderLatch(b, "/expired/latch", "b")) {
            b.getConnectionStateListenable().addListener((client, state) -> {
                if (state != ConnectionState.CONNECTED) { // that of the start may come late
                    states.note(state.toString());
                }
            });
            node.start();
            Transcript.op("a node", () -> node.waitForInitialCreate(Transcript.PATIENCE, TimeUnit.SECONDS));
            latch.start();
            Transcript.op("a latch", () -> latch.await(Transcript.PATIENCE, TimeUnit.SECONDS));
            long session = b.getZookeeperClient().getZooKeeper().getSessionId();
            end(b.getZookeeperClient().getZooKeeper(), servers);
            states.tell("the states", 3);
            Transcript.op("the session is another", () -> b.getZookeeperClient().getZooKeeper().getSessionId() != session);
            Transcript.await("the node's return", () -> {
                try {
                    return a.checkExists().forPath("/expired/stays") != null
                        && a.checkExists().forPath("/expired/stays").getEphemeralOwner() == b.getZookeeperClient().getZooKeeper().getSessionId();
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            Transcript.op("it leads again", () -> latch.await(Transcript.PATIENCE, TimeUnit.SECONDS));
            Transcript.op("participants", () -> Recipes.participants(latch));
        }
        Transcript.op("clear", () -> a.delete().deletingChildrenIfNeeded().forPath("/expired"));
    }

    /** Ends a session by a second connection that has its id and password. */
    private static void end(ZooKeeper of, String servers) throws Exception {
        CountDownLatch connected = new CountDownLatch(1);
        ZooKeeper twin = new ZooKeeper(servers, 30_000, e -> {
            if (e.getState() == Watcher.Event.KeeperState.SyncConnected) {
                connected.countDown();
            }
        }, of.getSessionId(), of.getSessionPasswd());
        Transcript.op("another connection has its session", () -> connected.await(Transcript.PATIENCE, TimeUnit.SECONDS));
        twin.close();
    }
}
