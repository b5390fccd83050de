import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.atomic.AtomicValue;
import org.apache.curator.framework.recipes.atomic.DistributedAtomicLong;
import org.apache.curator.framework.recipes.barriers.DistributedDoubleBarrier;
import org.apache.curator.framework.recipes.leader.LeaderLatch;
import org.apache.curator.framework.recipes.leader.Participant;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.framework.recipes.shared.SharedCount;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;

/** The recipes, with participants in several sessions. */
final class Recipes {
    private Recipes() {}

    static void all(CuratorFramework a, String servers) throws Exception {
        try (CuratorFramework b = Peer.connect(servers); CuratorFramework c = Peer.connect(servers)) {
            latch(a, b);
            mutex(Arrays.asList(a, b, c));
            readWrite(a, b);
            semaphore(a, b);
            counts(a, b);
            barrier(Arrays.asList(a, b, c));
            nodes(a, b);
        }
        for (String path : Arrays.asList("/latch", "/mutex", "/witness", "/rw", "/semaphore", "/count", "/atomic", "/barrier", "/nodes", "/group")) {
            Transcript.op("clear " + path, () -> a.delete().quietly().deletingChildrenIfNeeded().forPath(path));
        }
    }

    static List<String> participants(LeaderLatch latch) throws Exception {
        List<String> all = new ArrayList<>();
        for (Participant p : latch.getParticipants()) {
            all.add(p.getId() + (p.isLeader() ? " leads" : ""));
        }
        return all;
    }

    private static void latch(CuratorFramework a, CuratorFramework b) throws Exception {
        Transcript.say("# a leader latch");
        LeaderLatch one = new LeaderLatch(a, "/latch", "one");
        LeaderLatch two = new LeaderLatch(b, "/latch", "two");
        one.start();
        Transcript.op("one leads", () -> one.await(Transcript.PATIENCE, TimeUnit.SECONDS));
        two.start();
        Transcript.await("two participants", () -> {
            try {
                return participants(one).size() == 2;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        Transcript.op("participants", () -> participants(two));
        Transcript.op("two does not lead", () -> two.hasLeadership());
        one.close();
        Transcript.op("two leads after one's end", () -> two.await(Transcript.PATIENCE, TimeUnit.SECONDS));
        Transcript.op("participants", () -> participants(two));
        two.close(LeaderLatch.CloseMode.NOTIFY_LEADER);
    }

    /** What each of the sessions does at once; the errors of all come out here. */
    private static void together(List<CuratorFramework> sessions, Work work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(sessions.size());
        try {
            List<Future<?>> all = new ArrayList<>();
            for (CuratorFramework c : sessions) {
                all.add(threads.submit(() -> {
                    work.run(c);
                    return null;
                }));
            }
            for (Future<?> f : all) {
                f.get(Transcript.PATIENCE, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private interface Work {
        void run(CuratorFramework c) throws Exception;
    }

    /** Sessions that contend count in a znode without a condition: no step may be lost. */
    private static void mutex(List<CuratorFramework> sessions) throws Exception {
        Transcript.say("# a mutex");
        CuratorFramework a = sessions.get(0);
        a.create().forPath("/witness", Znodes.bytes("0"));
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        together(sessions, c -> {
            InterProcessMutex mutex = new InterProcessMutex(c, "/mutex");
            for (int i = 0; i < 20; i++) {
                mutex.acquire();
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                int n = Integer.parseInt(new String(c.getData().forPath("/witness")));
                c.setData().forPath("/witness", Znodes.bytes(String.valueOf(n + 1)));
                inside.decrementAndGet();
                mutex.release();
            }
        });
        Transcript.op("witness", () -> a.getData().forPath("/witness"));
        Transcript.op("never more inside than", () -> most.get());
        InterProcessMutex held = new InterProcessMutex(a, "/mutex");
        Transcript.op("reentrant", () -> held.acquire(1, TimeUnit.SECONDS) && held.acquire(1, TimeUnit.SECONDS));
        Transcript.op("another has it not", () -> new InterProcessMutex(sessions.get(1), "/mutex").acquire(100, TimeUnit.MILLISECONDS));
        Transcript.op("znodes", () -> held.getParticipantNodes().size());
        held.release();
        Transcript.op("released once, still held", () -> held.isAcquiredInThisProcess());
        held.release();
        Transcript.op("release of what is not held", () -> {
            held.release();
            return "done";
        });
    }

    private static void readWrite(CuratorFramework a, CuratorFramework b) throws Exception {
        Transcript.say("# a lock for readers and writers");
        InterProcessReadWriteLock one = new InterProcessReadWriteLock(a, "/rw");
        InterProcessReadWriteLock two = new InterProcessReadWriteLock(b, "/rw");
        Transcript.op("read", () -> one.readLock().acquire(10, TimeUnit.SECONDS));
        Transcript.op("another reads", () -> two.readLock().acquire(10, TimeUnit.SECONDS));
        two.readLock().release();
        Transcript.op("another does not write", () -> two.writeLock().acquire(100, TimeUnit.MILLISECONDS));
        one.readLock().release();
        Transcript.op("it writes", () -> two.writeLock().acquire(10, TimeUnit.SECONDS));
        Transcript.op("nobody reads", () -> one.readLock().acquire(100, TimeUnit.MILLISECONDS));
        Transcript.op("but the writer", () -> two.readLock().acquire(10, TimeUnit.SECONDS));
        two.writeLock().release();
        two.readLock().release();
    }

    private static void semaphore(CuratorFramework a, CuratorFramework b) throws Exception {
        Transcript.say("# a semaphore");
        InterProcessSemaphoreV2 one = new InterProcessSemaphoreV2(a, "/semaphore", 3);
        InterProcessSemaphoreV2 two = new InterProcessSemaphoreV2(b, "/semaphore", 3);
        Collection<Lease> leases = one.acquire(2);
        Lease third = two.acquire(10, TimeUnit.SECONDS);
        Transcript.op("three leases", () -> leases.size() + (third == null ? 0 : 1));
        Transcript.op("a fourth", () -> two.acquire(100, TimeUnit.MILLISECONDS));
        one.returnAll(leases);
        Transcript.op("after two have gone", () -> two.acquire(2, 10, TimeUnit.SECONDS).size());
    }

    private static void counts(CuratorFramework a, CuratorFramework b) throws Exception {
        Transcript.say("# counts");
        try (SharedCount one = new SharedCount(a, "/count", 5); SharedCount two = new SharedCount(b, "/count", 7)) {
            one.start();
            two.start();
            Transcript.op("the first value is taken", () -> two.getCount());
            Transcript.op("a try", () -> one.trySetCount(one.getVersionedValue(), 6));
            Transcript.await("the new count", () -> two.getCount() == 6);
            Transcript.op("version", () -> two.getVersionedValue().getVersion());
        }
        AtomicInteger steps = new AtomicInteger();
        together(Arrays.asList(a, b), c -> {
            DistributedAtomicLong n = new DistributedAtomicLong(c, "/atomic", new RetryNTimes(1000, 1));
            for (int i = 0; i < 20; i++) {
                AtomicValue<Long> v = n.increment();
                steps.addAndGet(v.succeeded() ? 1 : 0);
            }
        });
        Transcript.op("steps that were taken are counted",
            () -> new DistributedAtomicLong(a, "/atomic", new RetryNTimes(1, 1)).get().postValue() == steps.get());
    }

    private static void barrier(List<CuratorFramework> sessions) throws Exception {
        Transcript.say("# a barrier");
        AtomicInteger entered = new AtomicInteger();
        AtomicInteger least = new AtomicInteger(Integer.MAX_VALUE);
        together(sessions, c -> {
            DistributedDoubleBarrier barrier = new DistributedDoubleBarrier(c, "/barrier", sessions.size());
            entered.incrementAndGet();
            barrier.enter();
            least.accumulateAndGet(entered.get(), Math::min);
            barrier.leave();
        });
        Transcript.op("all were there", () -> least.get());
    }

    private static void nodes(CuratorFramework a, CuratorFramework b) throws Exception {
        Transcript.say("# nodes that stay");
        try (PersistentNode node = new PersistentNode(a, CreateMode.EPHEMERAL, false, "/nodes/here", Znodes.bytes("x"))) {
            node.start();
            Transcript.op("created", () -> node.waitForInitialCreate(Transcript.PATIENCE, TimeUnit.SECONDS));
            Transcript.op("stat", a, () -> b.checkExists().forPath("/nodes/here"));
            b.delete().forPath("/nodes/here");
            Transcript.await("its return", () -> !Znodes.gone(b, "/nodes/here"));
            Transcript.op("it returns", a, () -> b.getData().forPath("/nodes/here"));
            node.setData(Znodes.bytes("y"));
            Transcript.await("the new data", () -> {
                try {
                    return new String(b.getData().forPath("/nodes/here")).equals("y");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
        }
        Transcript.op("it goes with its owner", () -> Znodes.gone(b, "/nodes/here"));
        try (PersistentTtlNode node = new PersistentTtlNode(a, "/nodes/ttl", 2_000, Znodes.bytes("x"))) {
            node.start();
            Transcript.op("one with a time to live", () -> node.waitForInitialCreate(Transcript.PATIENCE, TimeUnit.SECONDS));
            Transcript.op("stat", () -> b.checkExists().forPath("/nodes/ttl").getEphemeralOwner());
        }
        try (GroupMember one = new GroupMember(a, "/group", "one", Znodes.bytes("1")); GroupMember two = new GroupMember(b, "/group", "two", Znodes.bytes("2"))) {
            one.start();
            two.start();
            Transcript.await("both", () -> one.getCurrentMembers().size() == 2 && two.getCurrentMembers().size() == 2);
            Transcript.op("members", () -> new java.util.TreeMap<>(one.getCurrentMembers()).keySet());
            two.close();
            Transcript.await("one alone", () -> one.getCurrentMembers().size() == 1);
            Transcript.op("members", () -> one.getCurrentMembers().keySet());
        }
    }
}
