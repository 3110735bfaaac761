import { toHex } from '../../base/bytes.ts'
import { pathText, planFolder } from '../../core/transfer/folder.ts'
import { type OfferState, RECEIVING_MAX } from '../../core/transfer/offers.ts'
import type { ResumeHeader } from '../../core/transfer/resume.ts'
import type { FilesFault, Target } from '../../ports/files.ts'
import { findBegun, resumeBegun } from './begun.ts'
import type { DeskOptions, FileTrouble } from './contract.ts'
import { DiskRoom } from './disk-room.ts'
import { Holders } from './holders.ts'
import { headerOf, type Job, summary } from './job.ts'
import type { Jobs } from './jobs.ts'
import { mayPreview } from './previews.ts'
import type { Reaching } from './reaching.ts'
import { notBegunReason, stuckReason, troubleOf } from './refusals.ts'
import type { Seeking } from './seeking.ts'
import type { Shelf } from './shelf.ts'
import type { TransferDriver } from './transfer-driver.ts'

/** Files and folders that have come and are given on to others. */
const GIVEN_ON_MAX = 64
/** One whose part is exchanged for something else begins anew so often: whoever does that does it again. */
const ANEW_MAX = 3
/** Paths of a folder that are told with its offer; `FolderLists` has all of them for who asks. */
const LISTED_MAX = 200
const QUEUED = 'Others are on their way: it waits for its turn.'

/** What is done when something has come. */
interface Ends {
  /** It is here, and is about to be told. */
  here(job: Job): void
  /** It has just been told; by `offers` it has come. */
  told(target: Target, offers: () => readonly string[]): void
  /** What had come of something is about to be forgotten, and it is to be known to a later run all the same. */
  anew(): void
}

/** What is taken: a folder's list first, then everything, through full disks and absent people, to its place. */
export class Taking {
  private readonly room: DiskRoom
  private readonly holders: Holders

  constructor(
    private readonly options: DeskOptions,
    private readonly jobs: Jobs,
    private readonly shelf: Shelf,
    driver: TransferDriver,
    private readonly seeking: Seeking,
    reaching: Reaching,
    private readonly ends: Ends,
  ) {
    const { files, folder, clock, watches = false } = options
    this.room = new DiskRoom({ files, folder, jobs, clock, isOnce: watches })
    this.holders = new Holders(clock, driver, seeking, reaching)
  }

  /** Lists a folder before anybody is asked about it, where there is room for that. */
  preview(job: Job): void {
    if (mayPreview(job, this.jobs.all)) this.list(job)
    else this.jobs.set(job, 'asked')
  }

  /** Takes it as soon as there are few enough others; of a folder the list first. */
  queue(job: Job): void {
    if (this.mayBegin(job)) this.begin(job)
    else {
      job.isQueued = true
      this.jobs.set(job, 'receiving', QUEUED)
    }
  }

  /** Lets go of all that a job has of the shelf. */
  forget(job: Job): void {
    const { download, target, entry } = job
    if (entry.state === 'done') return this.shelf.withdraw(entry.id, job.offer.root)
    // One that offers the same has none of its own, or shares the list of another.
    if (download === null && target === null) return
    const sharing = this.jobs.all.filter((each) => each !== job && download !== null && each.download === download)
    if (sharing.length > 0 && target === null) return
    this.shelf.stop(job.offer.root)
    for (const each of sharing) each.download = null
  }

  /** Fetches the manifest of a folder, so that it can be told what is in it. */
  list(job: Job): void {
    const same = this.jobs.ofRoot(job.entry.root).find((each) => each.download !== null && each.target === null)
    if (same !== undefined && same !== job) {
      job.download = same.download
      if (same.entry.state === 'asked') void this.listed(job)
      return
    }
    job.download = this.shelf.preview(job.offer, (key) => this.options.talk.mayHave(job.entry.room, key))
    this.holders.reach(job)
  }

  /** Everything that was wanted of it is here. */
  async reached(job: Job): Promise<void> {
    // A target that is filled in order wants a little at a time.
    if (job.download?.isWhole === false && job.target !== null) return
    if (job.target === null) await this.listed(job)
    else if (job.entry.state === 'receiving') await this.finish(job)
  }

  /** Makes a place for it and fetches it; of a folder the manifest is here. */
  async take(job: Job): Promise<void> {
    const { files, folder } = this.options
    const { offer, entry } = job
    const turn = ++job.turn
    const isOver = (): boolean => job.turn !== turn || entry.state !== 'receiving'
    job.isQueued = false
    this.jobs.set(job, 'receiving')
    await job.discarding
    if (await this.takeUp(job, isOver)) return
    const hasRoom = await this.room.keepFor(job, isOver)
    if (hasRoom === null) return
    // Others need not wait for it.
    if (!hasRoom) return this.next()
    const manifest = entry.isFolder ? await this.shelf.previewed(offer.root, offer.manifestBytes) : null
    if (isOver()) return
    const plan = manifest === null ? null : planFolder(manifest, offer.size)
    if (entry.isFolder && plan === null)
      return this.stop(job, 'failed', `What is in ${entry.name} is not known any more: /accept it again.`, 'bad-list')
    const target = await files.create(folder, headerOf(job), plan)
    if (isOver()) return target.ok ? await target.discard() : undefined
    if (!target.ok) return this.refused(job, target)
    if (plan === null) return await this.receive(job, target)
    job.isBeginning = true
    this.hold(job, target)
    const fault = await this.shelf.receiveRest(target)
    job.isBeginning = false
    if (fault !== null && !isOver()) await this.refused(job, fault)
  }

  /** The disk did not take its beginning. */
  private async refused(job: Job, fault: FilesFault): Promise<void> {
    const reason = notBegunReason(fault, job.entry.number, this.options.watches === true)
    if (fault.code !== 'full') return this.stop(job, 'failed', reason, troubleOf(fault))
    await this.discard(job)
    await this.room.refuse(job, fault)
    this.next()
  }

  /** Goes on with what earlier runs began. */
  async goOn(): Promise<void> {
    const { files, folder } = this.options
    for (const name of await files.unfinished(folder)) {
      const target = await resumeBegun(files, folder, name)
      if (!target.ok) {
        this.options.log(target.message)
        if (target.header !== undefined) this.listAgain(target.header, target.message)
        continue
      }
      const { offer, event, from, room } = target.header
      if (this.options.talk.isWithdrawn(toHex(event))) {
        if (target.isPlaced === true) await target.settle()
        target.close()
        continue
      }
      const job = this.jobs.begun({ ...summary(offer), id: toHex(event), from: toHex(from), room }, offer)
      const isDouble = job !== null && this.jobs.twinOf(job) !== null
      if (isDouble) {
        job.follows = true
        this.jobs.set(job, 'asked')
      }
      if (job === null || isDouble) target.close()
      else await this.receive(job, target)
    }
  }

  /** Goes on from what has come of the same content before, in this run or another; false where nothing has. */
  private async takeUp(job: Job, isOver: () => boolean): Promise<boolean> {
    const { files, folder, talk } = this.options
    const target = await findBegun(files, folder, job.entry)
    if (target === null) return false
    if (isOver()) {
      // Whoever took it back was told that it is kept; only the user has it thrown away.
      if (job.entry.state === 'withdrawn') target.close()
      else await target.discard()
      return true
    }
    job.resumesWithdrawn = talk.isWithdrawn(toHex(target.header.event))
    // The list of a folder may have been fetched to be shown: it is beside what has come as well.
    this.shelf.stop(job.offer.root)
    await this.receive(job, target)
    return true
  }

  /** Nothing of what an earlier run began is there any more: whoever accepted it is asked again. */
  private listAgain({ offer, event, from, room }: ResumeHeader, reason: string): void {
    const id = toHex(event)
    // A run for one transfer is for another.
    if (this.options.watches === true || this.options.talk.isWithdrawn(id)) return
    if (this.jobs.listAgain({ ...summary(offer), id, from: toHex(from), room }, offer, reason)) this.ends.anew()
  }

  /** The disk does not take what comes. */
  stuck(root: string, fault: FilesFault): void {
    const reason = stuckReason(fault, this.options.watches === true)
    for (const job of this.jobs.ofRoot(root)) {
      if (job.entry.state === 'receiving') void this.stuckWith(job, fault, reason)
    }
  }

  private async stuckWith(job: Job, fault: FilesFault, reason: string): Promise<void> {
    if (fault.code === 'changed' && job.target !== null) return await this.anew(job, job.target, fault)
    job.isStuck = true
    if (fault.code === 'full') await this.room.tellFull(job, reason)
    else this.jobs.wait(job, reason, 'disk')
  }

  /** What had come of it is not there any more, or something else is in its place, which stays. */
  private async anew(job: Job, target: Target, { message, what = message }: FilesFault): Promise<void> {
    this.forget(job)
    Object.assign(job, { download: null, target: null, path: '', isStuck: false, room: 'none' } satisfies Partial<Job>)
    const isLast = ++job.anew > ANEW_MAX
    if (isLast) this.stop(job, 'asked', `${what} /accept begins it anew.`, 'disk')
    else this.jobs.set(job, 'receiving', `${what} It begins anew.`, 'disk')
    this.ends.anew()
    await target.settle()
    target.close()
    if (!isLast && job.entry.state === 'receiving' && job.target === null) this.queue(job)
  }

  /** Fetches it no longer. */
  stop(job: Job, state: OfferState, reason = '', trouble: FileTrouble | null = null): void {
    this.forget(job)
    job.download = null
    job.room = 'none'
    // What came of it stays, and the next run may go on with it; a cancelled one is discarded by whoever cancels.
    if (state === 'failed' || state === 'withdrawn') {
      job.target?.close()
      job.target = null
    }
    this.jobs.set(job, state, reason, trouble)
    this.next()
  }

  /** Whoever offered it has taken it back: it is not fetched any more, nor given on. Who has it keeps it, whole or in part. */
  withdrawn(job: Job): void {
    const { entry, target, download } = job
    if (entry.state === 'withdrawn') return
    if (entry.state === 'done') return this.letGoOf(job)
    const isBegun = target !== null && (download?.bytesHere ?? 0) > 0
    const kept = `What came of it is kept as ${entry.name}.part, and goes on if it is offered again.`
    const discarded = isBegun || target === null ? null : this.discard(job)
    this.stop(job, 'withdrawn', isBegun ? kept : '', 'withdrawn')
    void discarded
  }

  /** Takes away what came of it. */
  async discard(job: Job): Promise<void> {
    const { target } = job
    job.target = null
    if (target === null) return
    const discarding = target.discard()
    job.discarding = discarding
    await discarding
  }

  /** Once in a while: asks again, and says what is being waited for, and to whom it was not told what is not wanted. */
  round(nowMs: number): void {
    this.next()
    this.seeking.remind()
    void this.room.look((job) => this.retry(job))
    const { fetching } = this.jobs
    for (const job of fetching) {
      const reason = this.holders.whyNothing(job, nowMs)
      if (reason !== null) this.jobs.wait(job, reason, 'nobody')
      this.holders.reachAgain(job, nowMs)
    }
    if (fetching.length > 0 || this.options.watches === true) this.seeking.seek(nowMs)
  }

  private async listed(job: Job): Promise<void> {
    const { root, manifestBytes, size } = job.offer
    const manifest = await this.shelf.previewed(root, manifestBytes)
    const plan = manifest === null ? null : planFolder(manifest, size)
    if (plan === null) {
      return this.stop(
        job,
        'failed',
        `${job.entry.name} lists files that cannot be: nothing of it was taken.`,
        'bad-list',
      )
    }
    job.files = plan.filter(({ isFolder }) => !isFolder).length
    job.listing = plan.slice(0, LISTED_MAX).map(pathText)
    // Accepted before it was listed, by the user or by what is set.
    if (job.entry.state === 'receiving') await this.take(job)
    else if (job.entry.state !== 'listing') return
    else this.jobs.set(job, 'asked')
  }

  private async receive(job: Job, target: Target): Promise<void> {
    // That of a folder's list knows nothing of what is in the target, which may be all.
    job.download = null
    this.jobs.set(job, 'receiving')
    this.hold(job, target)
    const download = await this.shelf.receive(target, (key) => this.options.talk.mayHave(job.entry.room, key))
    // It may have been given up while what is there was checked.
    if (job.target !== target) return
    job.download = download
    if (target.isPlaced === true && !download.isWhole) return this.altered(job, target)
    this.holders.reach(job)
  }

  /** It had come whole and nobody was told; since then somebody has changed it, and it stays as it is. */
  private altered(job: Job, target: Target): void {
    void target.settle()
    const reason = `${job.entry.name} came whole, and what stands at ${target.path} has been changed since. Ask for it to be sent again if you want it as it was.`
    this.stop(job, 'failed', reason, 'changed')
  }

  private hold(job: Job, target: Target): void {
    job.target = target
    job.isQueued = false
    job.room = 'kept'
    job.path = target.path
    job.movedAtMs = this.options.clock.nowMs()
    this.jobs.tell(job)
  }

  private async finish(job: Job): Promise<void> {
    const target = job.target!
    const end = await target.finish()
    if (!end.ok) return await this.stuckWith(job, end, end.message)
    const { root } = job.offer
    this.shelf.giveOn(job.entry.id, root, (key) => this.options.talk.mayHave(job.entry.room, key))
    job.path = end.path
    // That waits for the disk: told afterwards, it is told at once, and the turn ends with it.
    this.ends.here(job)
    this.jobs.set(job, 'done')
    this.ends.told(target, () => this.jobs.doneOf(job.entry.root))
    this.seeking.tell(job.entry.room, [{ root, room: job.entry.room, whole: true, wants: false }])
    this.letGo()
    this.next()
  }

  /** The same has come by another offer. */
  doneBy(job: Job, { path }: Job): void {
    const { room } = job.entry
    job.path = path
    // That of a list, which nothing comes by any more.
    job.download = null
    this.jobs.set(job, 'done')
    this.seeking.tell(room, [{ root: job.offer.root, room, whole: true, wants: false }])
  }

  /** Begins those that have waited for their turn. */
  private next(): void {
    for (const job of this.jobs.fetching) {
      if (!job.isQueued) continue
      if (this.jobs.taking.length >= RECEIVING_MAX) return
      if (this.mayBegin(job)) this.begin(job)
    }
  }

  private mayBegin(job: Job): boolean {
    const others = this.jobs.taking.filter((each) => each !== job).length
    const isToBeListed = job.entry.isFolder && job.download === null
    return others === 0 || (others < RECEIVING_MAX && (!isToBeListed || mayPreview(job, this.jobs.all)))
  }

  private begin(job: Job): void {
    job.isQueued = false
    if (job.entry.isFolder && job.download === null) this.list(job)
    else void this.take(job)
  }

  /** What has come is given to others, the last of it: each keeps files open. */
  private letGo(): void {
    const kept = this.jobs.all.filter(({ entry, target }) => entry.state === 'done' && target !== null)
    for (const job of kept.slice(0, Math.max(0, kept.length - GIVEN_ON_MAX))) this.letGoOf(job)
  }

  /** One that is here is not given on any more by this offer. */
  private letGoOf(job: Job): void {
    const { target, offer, entry } = job
    if (target === null) return
    job.target = null
    // Nothing comes by it: whoever offers the same again is not to wait for that.
    job.download = null
    this.shelf.withdraw(entry.id, offer.root)
    target.close()
  }

  /** There is room for it now. */
  private retry(job: Job): void {
    if (!job.isStuck) return this.queue(job)
    job.isStuck = false
    job.reason = ''
    job.trouble = null
    if (job.download?.isWhole === true) void this.finish(job)
    else this.shelf.goOn(toHex(job.offer.root))
  }
}
